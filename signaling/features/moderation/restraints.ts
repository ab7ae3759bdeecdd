import type { MediaSource, SnapshotPart } from '../../../contract/index.ts';
import { may, type Peer, type Room, type RoomLogEntry } from '../../kernel/index.ts';
import { type Stoppable, stoppableOf } from './contract.ts';

type EntryRule = SnapshotPart<'moderation'>['entryRule'];
type Restraint = SnapshotPart<'moderation'>['restraints'][number];

interface RoomRestraints {
  entryRule: EntryRule;
  /** Participants whom a moderator muted and who have not unmuted since. */
  readonly muted: Set<string>;
  /** What they may not start, by subject, so that re-entering does not help. */
  readonly denied: Map<string, Set<Stoppable>>;
}

/** Maximum number of people per room whose denials are remembered; the earliest are forgotten. */
const MAX_DENIED = 500;

/** Who was muted by a moderator, and what people may not start until a moderator allows it. Kept while the room is open. */
export class Restraints {
  readonly #rooms = new WeakMap<Room, RoomRestraints>();

  /** The part of the snapshot. */
  in(room: Room): SnapshotPart<'moderation'> {
    const restraints = [...room.peers.values()].flatMap((peer) =>
      [...peer.participants.keys()].map((participantId) => this.#of(room, peer, participantId)),
    );
    return {
      entryRule: this.#in(room).entryRule,
      restraints: restraints.filter(({ muted, denied }) => muted || denied.length > 0),
    };
  }

  /** Whether a participant may not send this at the moment. */
  isDenied(room: Room, participantId: string, source: MediaSource): boolean {
    const host = room.hostOf(participantId);
    if (!host) {
      return false;
    }
    const denied = this.#in(room).denied.get(subjectOf(host, participantId));
    return denied?.has(stoppableOf(source)) === true && !isFree(room, host, participantId);
  }

  /** Records that a moderator muted a participant whose microphone was on. */
  mark(room: Room, participantId: string, by: string | null): void {
    const host = room.hostOf(participantId);
    const { muted } = this.#in(room);
    if (host && !muted.has(participantId)) {
      muted.add(participantId);
      this.#announce(room, host, participantId, by);
    }
  }

  /** Keeps a participant, on all devices of the person, from starting something. Owners and moderators are never kept from it. */
  deny(room: Room, participantId: string, what: Stoppable, by: string | null): void {
    const host = room.hostOf(participantId);
    if (!host || isFree(room, host, participantId)) {
      return;
    }
    const subject = subjectOf(host, participantId);
    const { denied } = this.#in(room);
    const before = denied.get(subject) ?? new Set();
    if (before.has(what)) {
      return;
    }
    denied.delete(subject);
    denied.set(subject, new Set([...before, what]));
    this.#announceSubject(room, subject, by);
    const [earliest] = denied.keys();
    if (denied.size > MAX_DENIED && earliest !== undefined) {
      this.#forget(room, earliest);
    }
  }

  /** Lets a participant start something again. */
  allow(room: Room, participantId: string, what: Stoppable, by: string | null): void {
    const host = room.hostOf(participantId);
    if (host) {
      this.#allow(room, subjectOf(host, participantId), what, by);
    }
  }

  /** Lets everyone unmute themselves, and newcomers enter unmuted. */
  allowAll(room: Room, by: string | null): void {
    this.setEntryRule(room, 'free', by);
    for (const subject of [...this.#in(room).denied.keys()]) {
      this.#allow(room, subject, 'microphone', by);
    }
  }

  setEntryRule(room: Room, rule: EntryRule, by: string | null): void {
    const state = this.#in(room);
    if (state.entryRule !== rule) {
      state.entryRule = rule;
      room.append('room.entryRule', { rule, by });
    }
  }

  /** Follows the room's log: restrains newcomers, and notices when people unmute, leave or become moderators. */
  follow(room: Room, { kind, data }: RoomLogEntry): void {
    switch (kind) {
      case 'participant.joined':
        this.#joined(room, data.participant.participantId);
        break;
      case 'participant.updated':
        this.#updated(room, data.participant.participantId);
        break;
      case 'participant.left':
        this.#in(room).muted.delete(data.participantId);
        break;
      case 'producer.added':
        if (!data.producer.paused) {
          this.#sends(room, data.producer.producerId);
        }
        break;
      case 'producer.resumed':
        this.#sends(room, data.producerId);
        break;
    }
  }

  #joined(room: Room, participantId: string): void {
    const host = room.hostOf(participantId);
    if (!host) {
      return;
    }
    if (isFree(room, host, participantId)) {
      this.#forget(room, subjectOf(host, participantId));
      return;
    }
    const { entryRule, muted, denied } = this.#in(room);
    if (entryRule !== 'free') {
      muted.add(participantId);
    }
    if (entryRule === 'denied') {
      this.deny(room, participantId, 'microphone', null);
    }
    if (muted.has(participantId) || denied.has(subjectOf(host, participantId))) {
      this.#announce(room, host, participantId, null);
    }
  }

  #updated(room: Room, participantId: string): void {
    const host = room.hostOf(participantId);
    if (host && isFree(room, host, participantId)) {
      this.#forget(room, subjectOf(host, participantId));
    }
  }

  /** Forgets what was denied to a subject: owners and moderators are free. */
  #forget(room: Room, subject: string): void {
    if (this.#in(room).denied.delete(subject)) {
      this.#announceSubject(room, subject, null);
    }
  }

  #sends(room: Room, producerId: string): void {
    const producer = room.producer(producerId);
    if (producer?.source !== 'microphone') {
      return;
    }
    const { participantId } = producer;
    const host = room.hostOf(participantId);
    if (host && this.#in(room).muted.delete(participantId)) {
      this.#announce(room, host, participantId, null);
    }
  }

  #allow(room: Room, subject: string, what: Stoppable, by: string | null): void {
    const { denied } = this.#in(room);
    const rest = denied.get(subject);
    if (!rest?.delete(what)) {
      return;
    }
    if (rest.size === 0) {
      denied.delete(subject);
    }
    this.#announceSubject(room, subject, by);
  }

  /** Announces the restraint of a subject's participants. */
  #announceSubject(room: Room, subject: string, by: string | null): void {
    for (const peer of room.peers.values()) {
      for (const participantId of peer.participants.keys()) {
        if (subjectOf(peer, participantId) === subject) {
          this.#announce(room, peer, participantId, by);
        }
      }
    }
  }

  #announce(room: Room, host: Peer, participantId: string, by: string | null): void {
    room.append('participant.restrained', { ...this.#of(room, host, participantId), by });
  }

  #of(room: Room, host: Peer, participantId: string): Restraint {
    const { muted, denied } = this.#in(room);
    return {
      participantId,
      muted: muted.has(participantId),
      denied: [...(denied.get(subjectOf(host, participantId)) ?? [])],
    };
  }

  #in(room: Room): RoomRestraints {
    const known = this.#rooms.get(room);
    if (known) {
      return known;
    }
    const created: RoomRestraints = { entryRule: 'free', muted: new Set(), denied: new Map() };
    this.#rooms.set(room, created);
    return created;
  }
}

/** Whom a denial concerns: a person on all their devices, or one phone. */
function subjectOf(host: Peer, participantId: string): string {
  return participantId === host.participantId ? host.accountId : participantId;
}

/** Whether nothing can be denied to a participant: owners and moderators. */
export function isFree(room: Room, host: Peer, participantId: string): boolean {
  return may(host.principalOf(participantId), 'media.sendStopped', room.record);
}
