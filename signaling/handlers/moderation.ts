import { CanopyError } from '../../base/index.ts';
import type { Participant } from '../protocol/index.ts';
import type { Peer, Room } from '../rooms/index.ts';
import type { Handler, Session } from '../sockets/index.ts';
import { type HandlerContext, requireRole, requireSeat } from './context.ts';

type ModerationRequest = 'participant.mute' | 'participant.kick' | 'participant.readmit';

/** What admins and members may do to others in their room. */
export function moderationHandlers(context: HandlerContext): { [N in ModerationRequest]: Handler<N> } {
  return {
    'participant.mute': async (session, { participantId, muted }) => {
      const { room, by, host, participant } = requireTarget(session, participantId);
      if (!muted && participant.kind !== 'phone') {
        throw new CanopyError('FORBIDDEN', 'people unmute themselves');
      }
      const producers = [...host.producers.values()].filter(
        (producer) => producer.participantId === participantId && producer.source === 'microphone',
      );
      // Told first: what its host begins to send from now on is muted too.
      host.send('participant.action', { participantId, action: muted ? 'mute' : 'unmute', by });
      await Promise.all(producers.map(({ producerId }) => setPaused(room, host, producerId, muted)));
      return {};
    },

    'participant.kick': async (session, { participantId }) => {
      const { room, by, host } = requireTarget(session, participantId);
      if (host.role === 'admin') {
        requireRole(session, 'admin');
      }
      context.log.info({ roomId: room.roomId, participantId, by }, 'participant is removed');
      if (host.participantId === participantId) {
        const { accountId } = host.device;
        // An admin could let themselves in again.
        if (host.role !== 'admin') {
          context.rooms.bar(room.roomId, accountId);
        }
        const seats = [...room.peers.values()].filter(
          (peer) => peer === host || (host.role !== 'admin' && peer.device.accountId === accountId),
        );
        for (const seat of seats) {
          const { connection } = seat;
          room.remove(seat, 'kicked');
          connection?.end('KICKED');
        }
      } else {
        // It is out at once, whatever its host does; and the call ends when the host hears of it.
        room.removeParticipant(host, participantId, 'kicked');
        host.send('participant.action', { participantId, action: 'kick', by });
      }
      return {};
    },

    'participant.readmit': async (session, { accountId }) => {
      requireRole(session, 'admin', 'member');
      const { room } = requireSeat(session);
      context.rooms.readmit(room.roomId, accountId);
      return {};
    },
  };
}

function requireTarget(
  session: Session,
  participantId: string,
): { room: Room; by: string | null; host: Peer; participant: Participant } {
  requireRole(session, 'admin', 'member');
  const { room, peer } = requireSeat(session);
  const host = room.hostOf(participantId);
  const participant = host?.participants.get(participantId);
  if (!host || !participant) {
    throw new CanopyError('PARTICIPANT_UNKNOWN');
  }
  return { room, by: peer.participantId ?? null, host, participant };
}

/** One that closes meanwhile is silent anyway. */
async function setPaused(room: Room, host: Peer, producerId: string, paused: boolean): Promise<void> {
  try {
    await room.setProducerPaused(host, producerId, paused);
  } catch (error) {
    if (host.producers.has(producerId)) {
      throw error;
    }
  }
}
