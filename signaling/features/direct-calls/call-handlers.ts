import { CanopyError } from '../../../base/index.ts';
import {
  AccountRate,
  demand,
  type Handlers,
  type Kernel,
  may,
  type PeerPrincipal,
  requirePrincipal,
  type Session,
} from '../../kernel/index.ts';
import type { CallDevices } from './call-devices.ts';
import type { CallHistory } from './call-history.ts';
import type { CallPreferences } from './call-preferences.ts';
import type { DIRECT_CALL_REQUESTS } from './contract.ts';
import type { Asking, DirectCalls } from './direct-calls.ts';
import type { Forwarding } from './forwarding.ts';
import { phoneKey } from './parties.ts';
import type { RingLimits } from './ring-limits.ts';
import { calleeAt, demandOpen, personAt, ringPerson } from './ring-person.ts';

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

  const ringFeature = { calls, preferences, limits };

  const asking = (session: Session, clientId: string): Asking => {
    const { accountId, displayName, device } = demandCaller(session);
    return { accountId, displayName, endpoint: { deviceId: device.deviceId, clientId } };
  };

  const dialsOf = (session: Session) => {
    const principal = requirePrincipal(session);
    return { accountId: principal.accountId, mayDial: may(principal, 'number.call') };
  };

  /** Checks where calls are to go, and adds the names of the people there. @throws {CanopyError} as calleeAt() */
  const namedForwarding = async (forwarding: Forwarding, session: Session): Promise<Forwarding> => {
    const named = async <T extends { to: string }>(target: T | undefined) => {
      if (!target) {
        return undefined;
      }
      const callee = await calleeAt(kernel, preferences, dialsOf(session), target.to);
      if (!('phones' in callee) && callee.accountId === requirePrincipal(session).accountId) {
        throw new CanopyError('PERSON_UNKNOWN', 'this is your own address');
      }
      return { ...target, displayName: callee.displayName };
    };
    const [always, busy, unanswered] = [
      await named(forwarding.always),
      await named(forwarding.busy),
      await named(forwarding.unanswered),
    ];
    return { ...(always && { always }), ...(busy && { busy }), ...(unanswered && { unanswered }) };
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
      const numbers = kernel.callsPhones() && may(requirePrincipal(session), 'number.call');
      return { calls: calls.of(accountId, endpoint), missed, settings, numbers };
    },

    'call.start': async (session, { callId, clientId, to, media, withheld }) => {
      const caller = asking(session, clientId);
      const repeated = calls.placed(caller, callId);
      if (repeated) {
        return { call: repeated };
      }
      const check = () => {
        if (session.closed) {
          throw new CanopyError('CONNECTION_LOST');
        }
      };
      limits.attempt(caller.accountId);
      const callee = await calleeAt(kernel, preferences, dialsOf(session), to);
      if (!('phones' in callee)) {
        return { call: await ringPerson(kernel, ringFeature, caller, callee, { callId, media, check }) };
      }
      check();
      demandOpen(kernel);
      const { phones, ...somebody } = callee;
      const parties = { callee: { ...somebody, accountId: phoneKey(callId) }, phones };
      return { call: calls.start(caller, { callId, media, mayDisturb: true, withheld, ...parties }) };
    },

    'call.ringing': async (session, { callId }) => {
      calls.ringing(demandCaller(session).accountId, callId);
      return {};
    },

    'call.answer': async (session, { callId, clientId }) => {
      return { call: calls.answer(asking(session, clientId), callId) };
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
      const { forwarding } = change;
      const named = forwarding && (await namedForwarding(forwarding, session));
      const settings = await preferences.change(account, { ...change, ...(named && { forwarding: named }) });
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
