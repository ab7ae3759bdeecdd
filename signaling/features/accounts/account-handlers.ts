import { CanopyError } from '../../../base/index.ts';
import {
  AccountRate,
  type Handlers,
  type Kernel,
  type PeerPrincipal,
  requirePrincipal,
  type Session,
} from '../../kernel/index.ts';
import type { AccountAdministration } from './account-administration.ts';
import type { ACCOUNT_REQUESTS } from './contract.ts';

/** The path of an account's export. */
export const EXPORT_PATH = '/api/export';
/** How long its URL is valid, in milliseconds. */
const EXPORT_MS = 60_000;

/** Handlers for what people do with their own account. */
export function accountHandlers(
  kernel: Kernel,
  administration: AccountAdministration,
): Handlers<keyof typeof ACCOUNT_REQUESTS> {
  const rate = new AccountRate('exports', { perSecond: 1 / 300, burst: 3 });
  return {
    'account.export': async (session) => {
      const principal = requirePerson(session);
      rate.take(principal);
      const { accountId } = principal;
      return { url: kernel.urlTickets.url({ method: 'GET', path: EXPORT_PATH, accountId }, EXPORT_MS) };
    },

    'account.delete': async (session, { accountId }) => {
      const principal = requirePerson(session);
      if (principal.accountId !== accountId) {
        throw new CanopyError('FORBIDDEN', 'people can only delete their own account');
      }
      await administration.deleteAccount(accountId);
      return {};
    },
  };
}

/** @throws {CanopyError} AUTH_REQUIRED; FORBIDDEN - it is a bridge */
function requirePerson(session: Session): PeerPrincipal {
  const principal = requirePrincipal(session);
  if (principal.kind !== 'device') {
    throw new CanopyError('FORBIDDEN', 'only people have an account of their own');
  }
  return principal;
}
