import {
  AccountRate,
  demand,
  type Handlers,
  requirePrincipal,
  type Session,
  type TargetGuard,
} from '../../kernel/index.ts';
import type { PUSH_REQUESTS } from './contract.ts';
import type { Subscriptions } from './subscriptions.ts';

/** Changes of an account's subscriptions, at once and per second after that. */
const CHANGES = { perSecond: 0.1, burst: 20 };

export function pushHandlers({
  subscriptions,
  guard,
  publicKey,
}: {
  subscriptions: Subscriptions;
  guard: TargetGuard;
  publicKey: string;
}): Handlers<keyof typeof PUSH_REQUESTS> {
  const changes = new AccountRate('changes of push subscriptions', CHANGES);
  /** @throws {CanopyError} AUTH_REQUIRED; FORBIDDEN - guests and bridges, whom nobody calls */
  const own = (session: Session) => {
    const principal = requirePrincipal(session);
    demand(principal, 'person.call');
    return principal;
  };
  return {
    'push.key': async (session) => {
      own(session);
      return { publicKey };
    },

    'push.subscribe': async (session, { endpoint, keys }) => {
      const principal = own(session);
      changes.take(principal);
      guard.checkUrl(endpoint);
      const { accountId, device } = principal;
      await subscriptions.put({ accountId, deviceId: device.deviceId, endpoint, keys });
      return {};
    },

    'push.unsubscribe': async (session) => {
      const principal = own(session);
      changes.take(principal);
      await subscriptions.remove({ accountId: principal.accountId, deviceId: principal.device.deviceId });
      return {};
    },
  };
}
