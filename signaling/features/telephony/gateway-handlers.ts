import { CanopyError } from '../../../base/index.ts';
import {
  demand,
  type Handlers,
  type Kernel,
  requirePrincipal,
  requireRight,
  type Session,
} from '../../kernel/index.ts';
import { callPerson } from './call-person.ts';
import type { TELEPHONY_REQUESTS } from './contract.ts';
import type { Telephony } from './telephony.ts';

/** Handlers for the phone gateway's control connection, and for calls requested by rooms. */
export function gatewayHandlers(
  kernel: Pick<Kernel, 'takePhoneCall'>,
  telephony: Telephony,
): Handlers<keyof typeof TELEPHONY_REQUESTS> {
  return {
    'gateway.register': async (session, { callIds }) => {
      demand(requirePrincipal(session), 'gateway.register');
      if (session.seat) {
        throw new CanopyError('ROOM_ALREADY_JOINED');
      }
      return telephony.register(session, callIds);
    },

    'gateway.record': async (session, call) => {
      requireGateway(session);
      await telephony.record(call);
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

    'gateway.trunks': async (session, { registrations }) => {
      requireGateway(session);
      telephony.trunksRegistered(registrations);
      return {};
    },

    'call.dial': async (session, { target, displayName }) => {
      const { principal, room, peer } = requireRight(session, 'call.dial');
      const { peerId, displayName: caller } = peer;
      return telephony.dial({
        roomId: room.roomId,
        target,
        displayName,
        caller,
        by: principal.accountId,
        peerId,
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
