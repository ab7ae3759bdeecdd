import { CanopyError, type Logger } from '../../../base/index.ts';
import type { Peer, Room, Rooms } from '../../kernel/index.ts';
import { muteParticipant, removeParticipant, requireTarget } from './moderation.ts';
import type { RoomInfo } from './rest.ts';
import type { Restraints } from './restraints.ts';

/** Administers open rooms and the people in them, for the operator. */
export class RoomAdministration {
  readonly #rooms: Rooms;
  readonly #log: Logger;
  readonly #restraints: Restraints;

  constructor({ rooms, log }: { rooms: Rooms; log: Logger }, restraints: Restraints) {
    this.#rooms = rooms;
    this.#log = log;
    this.#restraints = restraints;
  }

  /** Open rooms by name, with their participants. */
  list(): RoomInfo[] {
    return this.#rooms.all
      .map((room) => ({
        roomId: room.roomId,
        participants: [...room.peers.values()].flatMap((peer) => describe(room, peer)),
      }))
      .sort((a, b) => (a.roomId < b.roomId ? -1 : 1));
  }

  /** Closes a room: its connections end with ROOM_CLOSED. Anyone may open it again. @throws {CanopyError} ROOM_UNKNOWN */
  close(roomId: string): { connectionsEnded: number } {
    const connectionsEnded = this.#rooms.end(this.#require(roomId), 'ROOM_CLOSED');
    this.#log.info({ roomId, connectionsEnded }, 'room closed by an administrator');
    return { connectionsEnded };
  }

  /** @throws {CanopyError} ROOM_UNKNOWN, PARTICIPANT_UNKNOWN; FORBIDDEN - the request would unmute a person */
  async mute(roomId: string, participantId: string, muted: boolean, deny: boolean): Promise<void> {
    const target = requireTarget(this.#require(roomId), participantId, null);
    await muteParticipant(this.#restraints, target, muted, deny);
  }

  /** @throws {CanopyError} ROOM_UNKNOWN, PARTICIPANT_UNKNOWN */
  remove(roomId: string, participantId: string): void {
    removeParticipant(this.#rooms, requireTarget(this.#require(roomId), participantId, null), this.#log);
  }

  #require(roomId: string): Room {
    const room = this.#rooms.find(roomId);
    if (!room) {
      throw new CanopyError('ROOM_UNKNOWN', roomId);
    }
    return room;
  }
}

function describe(room: Room, peer: Peer): RoomInfo['participants'] {
  return [...peer.participants.values()].map((participant) => ({
    participantId: participant.participantId,
    peerId: peer.peerId,
    accountId: participant.accountId,
    displayName: participant.displayName,
    certifiedName: participant.certifiedName ?? participant.displayName,
    kind: participant.kind,
    role: participant.role,
    connected: participant.connected,
    muted: room.producersOf(participant.participantId, 'microphone').every(({ paused }) => paused),
    sinceMs: peer.enteredAtMs.get(participant.participantId) ?? 0,
  }));
}
