import { CanopyError } from '../../../base/index.ts';
import type { Participant } from '../../../contract/index.ts';
import type { Handler, Peer } from '../../kernel/index.ts';
import {
  BRIDGE_FACTOR,
  demand,
  isPhoneGateway,
  type Kernel,
  PHONE,
  requireRight,
} from '../../kernel/index.ts';

type BridgeRequest = 'bridge.open' | 'participant.add' | 'participant.update' | 'participant.remove';

/** Handlers for bridges in a room: plain transports, and the participants that they host. */
export function bridgeHandlers(context: Kernel): { [N in BridgeRequest]: Handler<N> } {
  const { config } = context;
  return {
    'bridge.open': async (session, { address, port, rtpCapabilities }) => {
      const { room, peer } = requireRight(session, 'participant.host');
      const created = await room
        .mediaOf(peer)
        .createPlainTransports({ remote: { address, port }, rtpCapabilities });
      context.stage(session, 'transport_created');
      return created;
    },

    'participant.add': async (
      session,
      { displayName, kind, callState, callEncrypted, attributes, isModerator, ...call },
    ) => {
      const { principal, room, peer } = requireRight(session, 'participant.host');
      if (isModerator && !isPhoneGateway(principal)) {
        throw new CanopyError('FORBIDDEN', 'only the phone gateway asks for the PIN of moderators');
      }
      // A phone that is called from the room is invited by that.
      if (callState !== 'dialing') {
        demand(PHONE, 'room.enter', room.record);
        context.entry.checkPhone(room.record, { ...call, isModerator });
      }
      const limit = config.limits.producersPerPeer * BRIDGE_FACTOR;
      if (peer.participants.size >= limit) {
        throw new CanopyError('LIMIT_REACHED', `at most ${limit} participants`);
      }
      // On the server, a phone has no more rights than a guest, whichever bridge hosts it.
      const participant = peer.newParticipant({
        displayName,
        kind,
        role: 'guest',
        callState,
        ...(callEncrypted !== undefined && { callEncrypted }),
        ...(attributes && { attributes }),
      });
      room.addParticipant(peer, participant, { isModerator });
      return { participantId: participant.participantId };
    },

    'participant.update': async (session, { participantId, displayName, callState, callEncrypted }) => {
      const { room, peer } = requireRight(session, 'participant.host');
      const participant = requireHosted(peer, participantId);
      room.updateParticipant(peer, {
        ...participant,
        ...(displayName !== undefined && { displayName }),
        ...(callState !== undefined && { callState }),
        ...(callEncrypted !== undefined && { callEncrypted }),
      });
      return {};
    },

    'participant.remove': async (session, { participantId, reason }) => {
      const { room, peer } = requireRight(session, 'participant.host');
      requireHosted(peer, participantId);
      room.removeParticipant(peer, participantId, reason);
      return {};
    },
  };
}

function requireHosted(peer: Peer, participantId: string): Participant {
  const participant = peer.participants.get(participantId);
  if (!participant) {
    throw new CanopyError('PARTICIPANT_UNKNOWN');
  }
  return participant;
}
