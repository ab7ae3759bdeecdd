import { CanopyError } from '../../../base/index.ts';
import {
  demand,
  type Handlers,
  type Kernel,
  requirePrincipal,
  requireRightFor,
  type Session,
} from '../../kernel/index.ts';
import { callPerson } from './call-person.ts';
import type { TELEPHONY_REQUESTS } from './contract.ts';
import { reportMeeting } from './report-meeting.ts';
import type { Telephony } from './telephony.ts';

/** Handlers for the phone gateway's control connection, and for calls requested by rooms. */
export function gatewayHandlers(
  kernel: Pick<Kernel, 'takePhoneCall' | 'metByPhone'>,
  telephony: Telephony,
): Handlers<keyof typeof TELEPHONY_REQUESTS> {
  return {
    'gateway.register': async (session, { callIds, restarted }) => {
      demand(requirePrincipal(session), 'gateway.register');
      if (session.seat) {
        throw new CanopyError('ROOM_ALREADY_JOINED');
      }
      return telephony.register(session, callIds, restarted);
    },

    'gateway.record': async (session, call) => {
      requireGateway(session);
      await telephony.record(call);
      await reportMeeting(kernel, telephony, call);
      return {};
    },

    'gateway.dialFailed': async (session, { callId, error, sipStatus }) => {
      requireGateway(session);
      telephony.dialFailed(callId, error, sipStatus);
      return {};
    },

    'gateway.ringing': async (session, { callId }) => {
      requireGateway(session);
      telephony.legs.find(callId).ringing();
      return {};
    },

    'gateway.answered': async (session, { callId }) => {
      requireGateway(session);
      return { roomId: telephony.legs.find(callId).answered() };
    },

    'gateway.call': async (session, { callId, dialled, caller }) => {
      requireGateway(session);
      await callPerson(kernel, telephony, { callId, dialled, caller });
      return {};
    },

    'gateway.trunks': async (session, { registrations, contacts = [] }) => {
      requireGateway(session);
      telephony.trunksRegistered(registrations, contacts);
      return {};
    },

    'gateway.quality': async (session, { calls }) => {
      requireGateway(session);
      telephony.measured(calls);
      return {};
    },

    'gateway.traced': async (session, { traceId, message }) => {
      requireGateway(session);
      telephony.traces.add(traceId, message);
      return {};
    },

    'gateway.usage': async (session, { usage }) => {
      requireGateway(session);
      await telephony.usages.put(usage);
      return {};
    },

    'gateway.trunkAlarm': async (session, alarm) => {
      requireGateway(session);
      telephony.alarm(alarm);
      return {};
    },

    'gateway.saveRegistrations': async (session, registrations) => {
      requireGateway(session);
      await telephony.registrations.save(registrations);
      return {};
    },

    'gateway.loadRegistrations': async (session, { after }) => {
      requireGateway(session);
      return telephony.registrations.load(Date.now(), after);
    },

    'call.dial': async (session, { target, displayName, withheld, participantId }) => {
      const { principal, room, peer, by } = requireRightFor(session, 'call.dial', participantId);
      room.requirePhonesAllowed();
      const { roomId } = room;
      return telephony.dial({
        roomId,
        target,
        displayName,
        withheld,
        caller: peer.participants.get(by ?? '')?.displayName ?? peer.displayName,
        by: 'accountId' in principal ? principal.accountId : `phones in ${roomId}`,
        ...('accountId' in principal && { accountId: principal.accountId }),
        peerId: peer.peerId,
      });
    },
  };

  /** Admits only the gateway in charge, not one that has been replaced. @throws {CanopyError} FORBIDDEN */
  function requireGateway(session: Session): void {
    demand(requirePrincipal(session), 'gateway.register');
    if (!telephony.isGateway(session)) {
      throw new CanopyError('FORBIDDEN', 'send gateway.register first');
    }
  }
}
