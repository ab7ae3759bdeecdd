import { CanopyError, type Logger } from '../../../base/index.ts';
import type { Participant, ProducerInfo } from '../../../contract/index.ts';
import { may, type Peer, type Room, type Rooms } from '../../kernel/index.ts';
import { isFree, type Restraints } from './restraints.ts';

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
 * @param deny keeps the participant from unmuting
 * @throws {CanopyError} FORBIDDEN - the request would unmute a person
 */
export async function muteParticipant(
  restraints: Restraints,
  { room, host, participant, by }: Target,
  muted: boolean,
  deny?: boolean,
): Promise<void> {
  const { participantId } = participant;
  if (!muted && participant.kind !== 'phone') {
    throw new CanopyError('FORBIDDEN', 'people can only unmute themselves');
  }
  const microphones = room.producersOf(participantId, 'microphone');
  // Notify the host first, so that producers that it creates from now on are muted too.
  host.send('participant.action', { participantId, action: muted ? 'mute' : 'unmute', by });
  if (!muted) {
    restraints.allow(room, participantId, 'microphone', by);
  } else if (deny) {
    restraints.deny(room, participantId, 'microphone', by);
  }
  if (muted && microphones.some(({ paused }) => !paused)) {
    restraints.mark(room, participantId, by);
  }
  await setPaused(room, host, microphones, muted);
}

/** Mutes the participants of everyone but the moderator, or but owners and moderators. */
export async function muteAll(
  restraints: Restraints,
  {
    room,
    by,
    except,
    deny,
  }: { room: Room; by: string | null; except: 'me' | 'moderators'; deny?: boolean | undefined },
): Promise<void> {
  const targets = [...room.peers.values()].flatMap((host) =>
    [...host.participants.values()].flatMap((participant) => {
      const { participantId } = participant;
      const isSpared = participantId === by || (except === 'moderators' && isFree(room, host, participantId));
      return isSpared ? [] : [{ room, host, participant, by }];
    }),
  );
  await Promise.all(targets.map((target) => muteParticipant(restraints, target, true, deny)));
}

/**
 * Stops a person's camera or shared screen.
 *
 * @param deny keeps them from starting it again
 */
export async function stopVideo(
  restraints: Restraints,
  { room, host, participant, by }: Target,
  source: 'camera' | 'screen',
  deny?: boolean,
): Promise<void> {
  const { participantId } = participant;
  const sources = source === 'camera' ? (['camera'] as const) : (['screen', 'screen-audio'] as const);
  host.send('participant.action', {
    participantId,
    action: source === 'camera' ? 'stop-camera' : 'stop-screen',
    by,
  });
  if (deny) {
    restraints.deny(room, participantId, source, by);
  }
  await setPaused(room, host, room.producersOf(participantId, ...sources), true);
}

/**
 * Removes a participant at once. A person is removed from the whole meeting, and barred from it for five minutes, on all devices, unless they
 * are an admin.
 */
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
  const { accountId } = host;
  // An admin could readmit themselves.
  const mayComeBack = may(host.principal, 'room.enterBarred', room.record);
  if (mayComeBack) {
    const { connection } = host;
    room.remove(host, 'kicked');
    connection?.end('KICKED');
  } else {
    rooms.removeFromMeeting(room.record, accountId, 'KICKED');
  }
}

/** Pauses or resumes producers. Ignores an error if one has closed meanwhile. */
async function setPaused(
  room: Room,
  host: Peer,
  producers: readonly ProducerInfo[],
  paused: boolean,
): Promise<void> {
  await Promise.all(
    producers.map(async ({ producerId }) => {
      try {
        const media = room.mediaOf(host);
        await (paused ? media.pauseProducer(producerId) : media.resumeProducer(producerId));
      } catch (error) {
        if (room.producer(producerId)) {
          throw error;
        }
      }
    }),
  );
}
