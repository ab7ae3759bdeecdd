import { CanopyError, type Logger } from '../../../base/index.ts';
import type { Participant } from '../../../contract/index.ts';
import { may, type Peer, type Room, type Rooms } from '../../kernel/index.ts';

/** The participant that a moderator or the operator acts on. */
export interface Target {
  room: Room;
  host: Peer;
  participant: Participant;
  /** The moderator's participant; null for the operator. */
  by: string | null;
}

/** @throws {CanopyError} PARTICIPANT_UNKNOWN */
export function requireTarget(room: Room, participantId: string, by: string | null): Target {
  const host = room.hostOf(participantId);
  const participant = host?.participants.get(participantId);
  if (!host || !participant) {
    throw new CanopyError('PARTICIPANT_UNKNOWN');
  }
  return { room, host, participant, by };
}

/**
 * Mutes a participant's microphone; only a phone can be unmuted by others.
 *
 * @throws {CanopyError} FORBIDDEN - the request would unmute a person
 */
export async function muteParticipant(target: Target, muted: boolean): Promise<void> {
  const { room, host, participant, by } = target;
  const { participantId } = participant;
  if (!muted && participant.kind !== 'phone') {
    throw new CanopyError('FORBIDDEN', 'people can only unmute themselves');
  }
  // Notify the host first, so that producers that it creates from now on are muted too.
  host.send('participant.action', { participantId, action: muted ? 'mute' : 'unmute', by });
  await Promise.all(
    room.microphonesOf(participantId).map(({ producerId }) => setPaused(room, host, producerId, muted)),
  );
}

/** Removes a participant at once. A person is barred from the room for five minutes, on all devices, unless they are an admin. */
export function removeParticipant(rooms: Rooms, target: Target, log: Logger): void {
  const { room, host, participant, by } = target;
  const { participantId } = participant;
  log.info({ roomId: room.roomId, participantId, by }, 'participant removed');
  if (host.participantId !== participantId) {
    // The removal does not depend on the host; the call ends when the host learns of it.
    room.removeParticipant(host, participantId, 'kicked');
    host.send('participant.action', { participantId, action: 'kick', by });
    return;
  }
  const { accountId } = host.device;
  // An admin could readmit themselves.
  const mayComeBack = may(host.principal, 'room.enterBarred', room.record);
  if (!mayComeBack) {
    rooms.bar(room.roomId, accountId);
  }
  const seats = [...room.peers.values()].filter(
    (peer) => peer === host || (!mayComeBack && peer.device.accountId === accountId),
  );
  for (const seat of seats) {
    const { connection } = seat;
    room.remove(seat, 'kicked');
    connection?.end('KICKED');
  }
}

/** Ignores an error if the producer has closed meanwhile. */
async function setPaused(room: Room, host: Peer, producerId: string, paused: boolean): Promise<void> {
  try {
    const media = room.mediaOf(host);
    await (paused ? media.pauseProducer(producerId) : media.resumeProducer(producerId));
  } catch (error) {
    if (room.producer(producerId)) {
      throw error;
    }
  }
}
