import { CanopyError } from '../../../base/index.ts';
import type { Participant } from '../../../contract/index.ts';
import { decodeChain, verifyChain } from '../../identity/index.ts';
import type { Handler, Peer, Principal } from '../../kernel/index.ts';
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
      { displayName, kind, callState, callEncrypted, attributes, deviceChain, isModerator, ...call },
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
      const device = await deviceOf(context, principal, displayName, deviceChain);
      // On the server, a phone has no more rights than a guest, whichever bridge hosts it.
      const participant = peer.newParticipant({
        displayName,
        kind,
        role: 'guest',
        callState,
        ...(callEncrypted !== undefined && { callEncrypted }),
        ...device,
        ...(attributes && { attributes }),
      });
      room.addParticipant(peer, participant, { isModerator });
      return { participantId: participant.participantId };
    },

    'participant.update': async (
      session,
      { participantId, displayName, callState, callEncrypted, deviceChain },
    ) => {
      const { principal, room, peer } = requireRight(session, 'participant.host');
      const before = requireHosted(peer, participantId);
      const name = displayName ?? before.displayName;
      const device = await deviceOf(context, principal, name, deviceChain);
      const { certifiedName, ...participant } = requireHosted(peer, participantId);
      room.updateParticipant(peer, {
        ...participant,
        ...(deviceChain === undefined && certifiedName !== undefined && { certifiedName }),
        ...device,
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

/**
 * Whose device a phone is, by its certificates. The gateway has seen that the phone holds their key.
 *
 * @throws {CanopyError} FORBIDDEN - another bridge names certificates
 */
async function deviceOf(
  { trust }: Kernel,
  principal: Principal,
  displayName: string,
  chain: readonly string[] | null | undefined,
): Promise<Pick<Participant, 'deviceVerified' | 'certifiedName'>> {
  if (chain === undefined) {
    return {};
  }
  if (!isPhoneGateway(principal)) {
    throw new CanopyError('FORBIDDEN', 'only the phone gateway names the certificates of phones');
  }
  if (chain === null) {
    return { deviceVerified: false };
  }
  try {
    const { displayName: certifiedName } = await verifyChain(decodeChain(chain), trust, Date.now());
    return { deviceVerified: true, ...(certifiedName !== displayName && { certifiedName }) };
  } catch (error) {
    if (!(error instanceof CanopyError)) {
      throw error;
    }
    return { deviceVerified: false };
  }
}

function requireHosted(peer: Peer, participantId: string): Participant {
  const participant = peer.participants.get(participantId);
  if (!participant) {
    throw new CanopyError('PARTICIPANT_UNKNOWN');
  }
  return participant;
}
