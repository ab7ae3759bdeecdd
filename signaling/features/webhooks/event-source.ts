import type { Participant } from '../../../contract/index.ts';
import type { Happening, Kernel, Room, RoomLogEntry } from '../../kernel/index.ts';
import type { WebhookEventData, WebhookEventType } from './events.ts';

export type Emit = <T extends WebhookEventType>(type: T, data: WebhookEventData<T>) => void;

interface Presence {
  participant: Participant;
  sinceMs: number;
}

/** Turns what happens in rooms and on the server into the events of webhooks. */
export class EventSource {
  readonly #emit: Emit;
  /** Who is in each room: whoever has left is no longer known there. */
  readonly #present = new WeakMap<Room, Map<string, Presence>>();
  readonly #openedMs = new WeakMap<Room, number>();

  constructor(kernel: Pick<Kernel, 'follow' | 'happenings' | 'accountRevoked'>, emit: Emit) {
    this.#emit = emit;
    kernel.follow((room, entry) => this.#logged(room, entry));
    kernel.happenings.add((happening) => this.#happened(happening));
    kernel.accountRevoked.add((accountId) => emit('account.revoked', { accountId }));
  }

  #logged(room: Room, { kind, data }: RoomLogEntry): void {
    switch (kind) {
      case 'participant.joined': {
        const { participant } = data;
        this.#presentIn(room).set(participant.participantId, { participant, sinceMs: Date.now() });
        this.#emit('participant.joined', describe(room, participant));
        return;
      }
      case 'participant.updated': {
        const known = this.#presentIn(room).get(data.participant.participantId);
        if (known) {
          known.participant = data.participant;
        }
        return;
      }
      case 'participant.left': {
        const known = this.#presentIn(room).get(data.participantId);
        if (known) {
          this.#presentIn(room).delete(data.participantId);
          const { participant, sinceMs } = known;
          const seconds = secondsSince(sinceMs);
          this.#emit('participant.left', { ...describe(room, participant), reason: data.reason, seconds });
        }
        return;
      }
      case 'chat.sent': {
        const { seq, author, text, sealed } = data.message;
        if (author && sealed === undefined) {
          const { accountId, displayName } = author;
          this.#emit('chat.message', { roomId: room.roomId, seq, accountId, displayName, text });
        }
      }
    }
  }

  #happened({ name, data }: Happening): void {
    switch (name) {
      case 'room.opened':
        this.#openedMs.set(data.room, Date.now());
        this.#emit('room.started', roomOf(data.room));
        return;
      case 'room.closed': {
        const seconds = secondsSince(this.#openedMs.get(data.room) ?? Date.now());
        this.#emit('room.ended', { ...roomOf(data.room), seconds });
        return;
      }
      case 'lobby.waiting':
      case 'invitation.used':
      case 'account.created':
      case 'trunk.alarm':
        this.#emit(name, data as never);
        return;
      case 'call.started':
      case 'call.ended': {
        const { callId, direction, roomId, remote, startedAtMs, attributes } = data;
        const { answeredAtMs, endedAtMs, endCause } = data;
        const call = { callId, direction, roomId, remote, startedAtMs, ...(attributes && { attributes }) };
        if (name === 'call.started') {
          this.#emit(name, call);
        } else {
          this.#emit(name, { ...call, answeredAtMs, endedAtMs: endedAtMs ?? Date.now(), endCause });
        }
      }
    }
  }

  #presentIn(room: Room): Map<string, Presence> {
    let present = this.#present.get(room);
    if (!present) {
      present = new Map();
      this.#present.set(room, present);
    }
    return present;
  }
}

function roomOf({ roomId, record }: Room): { roomId: string; title: string | null } {
  return { roomId, title: record.title ?? null };
}

function describe({ roomId }: Room, participant: Participant) {
  const { participantId, kind, displayName, accountId } = participant;
  return { roomId, participantId, kind, displayName, accountId: kind === 'user' ? accountId : null };
}

function secondsSince(timeMs: number): number {
  return Math.max(0, Math.round((Date.now() - timeMs) / 1000));
}
