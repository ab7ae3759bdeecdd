import { CanopyError } from '../../../base/index.ts';
import { type Handlers, requireRole, requireSeat, type Session } from '../../kernel/index.ts';
import type { TELEPHONY_REQUESTS } from './contract.ts';
import type { Telephony } from './telephony.ts';

/** Between the phone gateway's control connection, and those who call somebody into a room. */
export function gatewayHandlers(telephony: Telephony): Handlers<keyof typeof TELEPHONY_REQUESTS> {
  return {
    'gateway.register': async (session, { callIds }) => {
      const { isGateway } = requireRole(session, 'bridge');
      if (!isGateway) {
        throw new CanopyError('FORBIDDEN', 'only the phone gateway of the data folder registers');
      }
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

    'gateway.dialFailed': async (session, { callId, error }) => {
      requireGateway(session);
      telephony.dialFailed(callId, error);
      return {};
    },

    'gateway.trunks': async (session, { registrations }) => {
      requireGateway(session);
      telephony.trunksRegistered(registrations);
      return {};
    },

    'call.dial': async (session, { target, displayName }) => {
      const { accountId } = requireRole(session, 'admin', 'member');
      const { room, peer } = requireSeat(session);
      const { peerId, displayName: caller } = peer;
      return telephony.dial({ roomId: room.roomId, target, displayName, caller, by: accountId, peerId });
    },
  };

  /** Only the gateway in charge: an older one has been replaced. */
  function requireGateway(session: Session): void {
    requireRole(session, 'bridge');
    if (!telephony.isGateway(session)) {
      throw new CanopyError('FORBIDDEN', 'gateway.register comes first');
    }
  }
}
