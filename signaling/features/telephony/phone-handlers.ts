import { CanopyError } from '../../../base/index.ts';
import {
  AccountRate,
  demand,
  type Handlers,
  type Kernel,
  type PeerPrincipal,
  requirePrincipal,
  type Session,
} from '../../kernel/index.ts';
import { newUsername } from './person-phones.ts';
import type { PERSON_PHONE_REQUESTS } from './phones-contract.ts';
import type { Telephony } from './telephony.ts';

/** Lists and changes of an account, at once and per second after that. */
const READS = { perSecond: 2, burst: 30 };
const CHANGES = { perSecond: 0.1, burst: 20 };

/** Handlers for people's own phones. */
export function phoneHandlers(
  kernel: Pick<Kernel, 'callsPhones' | 'config'>,
  telephony: Telephony,
): Handlers<keyof typeof PERSON_PHONE_REQUESTS> {
  const { administration, phones } = telephony;
  const reads = new AccountRate('requests about phones', READS);
  const changes = new AccountRate('changes of phones', CHANGES);

  return {
    'phone.list': async (session) => {
      const principal = demandKeeper(session);
      reads.take(principal);
      const { accountId } = principal;
      const [theirs, numbers] = await Promise.all([phones.of(accountId), phones.numbersOf(accountId)]);
      return {
        phones: theirs.map(({ displayName, ...phone }) => ({
          ...phone,
          ...(displayName !== undefined && { displayName }),
        })),
        numbers,
      };
    },

    'phone.add': async (session, { displayName }) => {
      const principal = demandKeeper(session);
      changes.take(principal);
      if (!kernel.callsPhones()) {
        throw new CanopyError('GATEWAY_MISSING');
      }
      const username = newUsername();
      // First its owner, since there may be too many.
      await phones.setOwner(username, principal.accountId);
      try {
        const { password = '', realm } = await administration.putPhone(username, { displayName });
        const { announce: host, port, tlsPort } = kernel.config.sip;
        const server = { ...(host !== undefined && { host }), port, tlsPort };
        return { username, displayName, rings: true, password, realm, server };
      } catch (error) {
        await phones.setOwner(username, null);
        throw error;
      }
    },

    'phone.configure': async (session, { username, rings }) => {
      const principal = demandKeeper(session);
      changes.take(principal);
      if (!(await phones.setRings(principal.accountId, username, rings))) {
        throw new CanopyError('NOT_FOUND', 'you have no such phone');
      }
      return {};
    },

    'phone.remove': async (session, { username }) => {
      const principal = demandKeeper(session);
      changes.take(principal);
      if ((await phones.ownerOf(username)) !== principal.accountId) {
        throw new CanopyError('NOT_FOUND', 'you have no such phone');
      }
      await administration.deletePhone(username);
      return {};
    },
  };
}

/** @throws {CanopyError} AUTH_REQUIRED; FORBIDDEN - guests and bridges have no phones */
function demandKeeper(session: Session): PeerPrincipal {
  const principal = requirePrincipal(session);
  demand(principal, 'phone.keep');
  return principal;
}
