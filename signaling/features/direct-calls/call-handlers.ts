import { CanopyError } from '../../../base/index.ts';
import {
  AccountRate,
  demand,
  type Handlers,
  holderOf,
  type Kernel,
  mayBeCalled,
  type PeerPrincipal,
  requirePrincipal,
  type Session,
} from '../../kernel/index.ts';
import type { CallDevices } from './call-devices.ts';
import type { CallHistory } from './call-history.ts';
import type { CallPreferences } from './call-preferences.ts';
import type { DIRECT_CALL_REQUESTS } from './contract.ts';
import type { Asking, DirectCalls } from './direct-calls.ts';
import type { RingLimits } from './ring-limits.ts';

/** Lists and changes of an account, at once and per second after that. */
const READS = { perSecond: 4, burst: 60 };
const CHANGES = { perSecond: 0.5, burst: 30 };

export interface DirectCallsFeature {
  calls: DirectCalls;
  devices: CallDevices;
  history: CallHistory;
  preferences: CallPreferences;
  limits: RingLimits;
  /** Tells an account's connections how many missed calls are unseen. */
  announce(accountId: string): Promise<void>;
}

/** Handlers for calling people, and for the list of recent calls. */
export function callHandlers(
  kernel: Kernel,
  { calls, devices, history, preferences, limits, announce }: DirectCallsFeature,
): Handlers<keyof typeof DIRECT_CALL_REQUESTS> {
  const reads = new AccountRate('requests about calls', READS);
  const changes = new AccountRate('changes of calls', CHANGES);

  const asking = (session: Session, clientId: string): Asking => {
    const { accountId, displayName, device } = demandCaller(session);
    return { accountId, displayName, endpoint: { deviceId: device.deviceId, clientId } };
  };

  return {
    'call.watch': async (session, { clientId }) => {
      const { accountId, device } = demandCaller(session);
      reads.take(requirePrincipal(session));
      const settings = await preferences.open({ accountId, alias: device.accountAlias });
      const missed = await history.unseen(accountId);
      if (session.closed) {
        throw new CanopyError('CONNECTION_LOST');
      }
      // No await from here on, so that no change is lost between the answer and the first event.
      const endpoint = { deviceId: device.deviceId, clientId };
      devices.add(session, { accountId, endpoint });
      calls.returned(accountId, endpoint);
      return { calls: calls.of(accountId, endpoint), missed, settings };
    },

    'call.start': async (session, { callId, clientId, to, media }) => {
      const caller = asking(session, clientId);
      const repeated = calls.placed(caller, callId);
      if (repeated) {
        return { call: repeated };
      }
      limits.attempt(caller.accountId);
      const callee = await personAt(kernel, preferences, to);
      if (callee.accountId === caller.accountId) {
        throw new CanopyError('PERSON_UNKNOWN', 'this is your own address');
      }
      const { callsFrom, doNotDisturb } = await preferences.of(callee.accountId);
      const isBarred =
        callsFrom === 'nobody' ||
        (await preferences.isBlocked(callee.accountId, caller.accountId)) ||
        (callsFrom === 'contacts' && !(await kernel.hasContact(callee.accountId, caller.accountId)));
      if (isBarred) {
        throw new CanopyError('CALL_BARRED');
      }
      if (session.closed) {
        throw new CanopyError('CONNECTION_LOST');
      }
      if (kernel.draining) {
        throw new CanopyError('SERVER_CLOSING');
      }
      limits.ring(caller.accountId, callee.accountId);
      return { call: calls.start(caller, { callId, callee, media, mayDisturb: !doNotDisturb }) };
    },

    'call.ringing': async (session, { callId }) => {
      calls.ringing(demandCaller(session).accountId, callId);
      return {};
    },

    'call.answer': async (session, { callId, clientId }) => {
      const call = calls.answer(asking(session, clientId), callId);
      limits.answered(requirePrincipal(session).accountId, call.person.accountId);
      return { call };
    },

    'call.decline': async (session, { callId, clientId }) => {
      calls.decline(asking(session, clientId), callId);
      return {};
    },

    'call.end': async (session, { callId, clientId }) => {
      calls.end(asking(session, clientId), callId);
      return {};
    },

    'call.list': async (session, page) => {
      const principal = demandCaller(session);
      reads.take(principal);
      const { accountId } = principal;
      const [list, missed] = await Promise.all([history.list(accountId, page), history.unseen(accountId)]);
      return { calls: list, missed };
    },

    'call.seen': async (session, { untilMs }) => {
      const principal = demandCaller(session);
      reads.take(principal);
      if (await history.see(principal.accountId, untilMs)) {
        await announce(principal.accountId);
      }
      return {};
    },

    'call.forget': async (session, { callIds }) => {
      const principal = demandCaller(session);
      changes.take(principal);
      await history.forget(principal.accountId, callIds);
      await announce(principal.accountId);
      return {};
    },

    'call.configure': async (session, change) => {
      const principal = demandCaller(session);
      const account = { accountId: principal.accountId, alias: principal.device.accountAlias };
      if (Object.values(change).every((value) => value === undefined)) {
        reads.take(principal);
        return preferences.open(account);
      }
      changes.take(principal);
      const settings = await preferences.change(account, change);
      for (const { session: each } of devices.of(principal.accountId)) {
        each.connection.send('call.settings', settings);
      }
      return settings;
    },

    'call.block': async (session, { accountId, blocked }) => {
      const principal = demandCaller(session);
      changes.take(principal);
      if (!blocked) {
        await preferences.unblock(principal.accountId, accountId);
        return {};
      }
      await preferences.block(principal.accountId, await personAt(kernel, preferences, accountId));
      calls.endRinging(accountId, principal.accountId);
      return {};
    },

    'call.blocked': async (session) => {
      const principal = demandCaller(session);
      reads.take(principal);
      return { people: await preferences.blocked(principal.accountId) };
    },
  };
}

/** @throws {CanopyError} AUTH_REQUIRED; FORBIDDEN - guests and bridges have no direct calls */
function demandCaller(session: Session): PeerPrincipal {
  const principal = requirePrincipal(session);
  demand(principal, 'person.call');
  return principal;
}

/** The person with this account id or alias. @throws {CanopyError} PERSON_UNKNOWN */
async function personAt(
  { accounts, authority }: Pick<Kernel, 'accounts' | 'authority'>,
  preferences: CallPreferences,
  address: string,
): Promise<{ accountId: string; displayName: string }> {
  const accountId = address.length === 64 ? address : await preferences.byAlias(address);
  const account = accountId === undefined ? undefined : await accounts.find(accountId);
  if (!account || !mayBeCalled(holderOf(account)) || authority.revocation.isRevoked(account.account_id)) {
    throw new CanopyError('PERSON_UNKNOWN');
  }
  return { accountId: account.account_id, displayName: account.display_name };
}
