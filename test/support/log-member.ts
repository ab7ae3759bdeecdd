import assert from 'node:assert/strict';
// biome-ignore lint/plugin: the client side of the log, without a connection
import { RoomLog } from '../../client/sdk/room-log.ts';
import type {
  Answer,
  EventName,
  LogPosition,
  Participant,
  ProducerInfo,
  RequestName,
  RequestResult,
  SnapshotPart,
} from '../../contract/index.ts';

type Joined = RequestResult<'room.join'>;
type RaisedHand = SnapshotPart<'hands'>[number];
type Moderation = SnapshotPart<'moderation'>;
type Restraint = Moderation['restraints'][number];

/** A message that arrives over a link. */
export type Arrival =
  | { event: string; data: unknown }
  | { joined: Answer<unknown>; ticket: string | undefined }
  | { ended: string };

/** A connection. Unread messages are lost when it is cut. */
export interface Link {
  request(name: RequestName, data: unknown): Promise<Answer<unknown>>;
  /** Fails like a network. `noticed`: the server notices it at once. */
  cut(noticed: boolean): void;
}

/** What someone sees of a room. */
export interface Sight {
  participants: Participant[];
  /** Of others. */
  producers: ProducerInfo[];
  /** In the order in which they were raised. */
  hands: RaisedHand[];
  moderation: Moderation;
  spotlight: string[];
  room: SnapshotPart<'room'> | undefined;
}

/**
 * A client of the room log that reads messages only on request. It keeps the entries since its last snapshot and the resulting state. Like
 * the SDK, it holds events back while it joins.
 */
export class LogMember {
  /** The entries since the last snapshot. */
  readonly entries: Array<{ seq: number; kind: string; data: unknown }> = [];
  /** Log position of the last snapshot. */
  base: LogPosition | undefined;
  peerId: string | undefined;
  participantId: string | undefined;
  /** Whether it should be in the room. */
  inside = false;
  /** How often it caught up by entries, and by a snapshot. */
  readonly returns = { entries: 0, snapshot: 0 };
  readonly #roomId: string;
  readonly #log: RoomLog;
  readonly #participants = new Map<string, Participant>();
  readonly #producers = new Map<string, ProducerInfo>();
  readonly #hands = new Map<string, RaisedHand>();
  readonly #restraints = new Map<string, Restraint>();
  #entryRule: Moderation['entryRule'] = 'free';
  #spotlight: string[] = [];
  #room: SnapshotPart<'room'> | undefined;
  #link: Link | undefined;
  #arrivals: Arrival[] = [];
  /** Events that arrived while a join is pending. */
  #held: Array<{ event: string; data: unknown }> | undefined;
  #ticket: string | undefined;

  constructor(roomId: string) {
    this.#roomId = roomId;
    this.#log = new RoomLog({
      apply: (kind, data) => this.#apply(kind, data),
      missing: () => assert.fail('an entry is missing on an ordered connection'),
    });
  }

  get connected(): boolean {
    return this.#link !== undefined;
  }

  /** Number of unread messages. */
  get unread(): number {
    return this.#arrivals.length;
  }

  /** Whether no join is pending and everything is read. */
  get isSettled(): boolean {
    return !this.#held && this.unread === 0;
  }

  get position(): LogPosition | undefined {
    return this.#log.position;
  }

  /** What it sees of the room, from its snapshot and the entries since. */
  get sight(): Sight {
    const parts = {
      hands: [...this.#hands.values()],
      moderation: { entryRule: this.#entryRule, restraints: [...this.#restraints.values()] },
      spotlight: this.#spotlight,
      room: this.#room,
    };
    const [participants, producers] = [[...this.#participants.values()], [...this.#producers.values()]];
    return sightOf({ participants, producers, parts }, this.participantId);
  }

  /** Switches to a new connection and joins over it. */
  enter(link: Link): void {
    this.cut(true);
    this.inside = true;
    this.#link = link;
    this.#join();
  }

  cut(noticed: boolean): void {
    const link = this.#link;
    this.#drop();
    link?.cut(noticed);
  }

  request(name: RequestName, data: unknown): Promise<Answer<unknown>> | undefined {
    return this.#link?.request(name, data);
  }

  /** Queues a message from a link until it is read. */
  arrive(link: Link, arrival: Arrival): void {
    if (link === this.#link) {
      this.#arrivals.push(arrival);
    }
  }

  /** Reads up to `count` messages. */
  read(count: number): void {
    for (let n = 0; n < count; n += 1) {
      const arrival = this.#arrivals.shift();
      if (!arrival) {
        return;
      }
      if ('joined' in arrival) {
        this.#answered(arrival.joined, arrival.ticket);
      } else if ('ended' in arrival) {
        this.#ended(arrival.ended);
      } else if (arrival.event === 'room.rehome') {
        this.#rehome((arrival.data as { ticket: string }).ticket);
      } else if (this.#held) {
        this.#held.push(arrival);
      } else {
        this.#log.receive(arrival.event as EventName, arrival.data);
      }
    }
  }

  #drop(): void {
    this.#link = undefined;
    this.#arrivals = [];
    this.#held = undefined;
    this.#ticket = undefined;
  }

  #ended(code: string): void {
    this.#drop();
    if (code === 'KICKED') {
      this.inside = false;
    }
  }

  #rehome(ticket: string): void {
    this.#ticket = ticket;
    if (!this.#held) {
      this.#join();
    }
  }

  #join(): void {
    const link = this.#link;
    if (!link) {
      return;
    }
    this.#held = [];
    const { peerId, position } = this;
    const ticket = this.#ticket;
    const data = {
      roomId: this.#roomId,
      ...(peerId !== undefined && { resume: { peerId, ...(position && { since: position }) } }),
      ...(ticket !== undefined && { ticket }),
    };
    void link.request('room.join', data).then((joined) => this.arrive(link, { joined, ticket }));
  }

  #answered(answer: Answer<unknown>, ticket: string | undefined): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    if (!answer.ok) {
      const { code } = answer.error;
      assert.ok(['KICKED', 'ROOM_ALREADY_JOINED', 'TICKET_INVALID', 'ROOM_REHOMING'].includes(code), code);
      this.cut(true);
      if (code === 'KICKED') {
        this.inside = false;
      }
    } else if (this.#ticket !== ticket) {
      // The room has moved in the meantime: the next join covers all of this.
      this.#join();
    } else {
      this.#ticket = undefined;
      this.#catchUp(answer.result as Joined);
      for (const { event, data } of held) {
        this.#log.receive(event as EventName, data);
      }
    }
  }

  #catchUp(joined: Joined): void {
    const { log, participants, producers, parts, ...own } = joined;
    if (log.entries) {
      assert.equal(own.peerId, this.peerId);
      this.#log.catchUp(log);
      this.returns.entries += 1;
      assert.equal(this.entries.at(-1)?.seq ?? this.base?.seq, log.seq, 'the entries lead to the snapshot');
      assert.deepEqual(this.sight, sightOf(joined, this.participantId));
      return;
    }
    if (this.base) {
      this.returns.snapshot += 1;
    }
    this.#log.catchUp(log);
    this.peerId = own.peerId;
    this.participantId = own.participantId;
    this.base = { logId: log.logId, seq: log.seq };
    this.entries.length = 0;
    this.#participants.clear();
    this.#producers.clear();
    this.#hands.clear();
    this.#room = parts.room;
    for (const each of participants) {
      this.#participants.set(each.participantId, each);
    }
    for (const each of producers) {
      this.#producers.set(each.producerId, each);
    }
    for (const each of parts.hands) {
      this.#hands.set(each.participantId, each);
    }
    this.#restraints.clear();
    for (const each of parts.moderation.restraints) {
      this.#restraints.set(each.participantId, each);
    }
    this.#entryRule = parts.moderation.entryRule;
    this.#spotlight = parts.spotlight;
  }

  #apply(kind: string, event: unknown): void {
    const { log, ...data } = event as {
      log?: LogPosition;
      participant?: Participant;
      participantId?: string;
      producer?: ProducerInfo;
      producerId?: string;
      raisedAtMs?: number;
      rule?: Moderation['entryRule'];
      participantIds?: string[];
      room?: SnapshotPart<'room'>;
    };
    if (!log) {
      return;
    }
    this.entries.push({ seq: log.seq, kind, data });
    const { participant, participantId = '', producer, producerId = '', raisedAtMs, room } = data;
    const known = this.#producers.get(producerId);
    if (room) {
      this.#room = room;
    } else if (kind === 'participant.restrained') {
      this.#restrain(event as Restraint);
    } else if (data.rule) {
      this.#entryRule = data.rule;
    } else if (data.participantIds) {
      this.#spotlight = data.participantIds;
    } else if (participant) {
      this.#participants.set(participant.participantId, participant);
    } else if (kind === 'participant.left') {
      this.#left(participantId);
    } else if (raisedAtMs !== undefined) {
      this.#hands.set(participantId, { participantId, raisedAtMs });
    } else if (kind === 'hand.lowered') {
      this.#hands.delete(participantId);
    } else if (producer) {
      this.#producers.set(producer.producerId, producer);
    } else if (kind === 'producer.closed') {
      this.#producers.delete(producerId);
    } else if (kind === 'room.mediaLost') {
      this.#producers.clear();
    } else if (known) {
      this.#producers.set(producerId, { ...known, paused: kind === 'producer.paused' });
    } else if (kind !== 'producer.paused' && kind !== 'producer.resumed') {
      assert.fail(kind);
    }
  }

  #restrain({ participantId, muted, denied }: Restraint): void {
    if (muted || denied.length > 0) {
      this.#restraints.set(participantId, { participantId, muted, denied });
    } else {
      this.#restraints.delete(participantId);
    }
  }

  #left(participantId: string): void {
    this.#participants.delete(participantId);
    this.#hands.delete(participantId);
    this.#restraints.delete(participantId);
    this.#spotlight = this.#spotlight.filter((each) => each !== participantId);
  }
}

/** What someone sees in a snapshot. `self`: their participant. */
export function sightOf(
  {
    participants,
    producers,
    parts,
  }: Pick<Joined, 'participants' | 'producers'> & { parts: Omit<Sight, 'participants' | 'producers'> },
  self: string | undefined,
): Sight {
  const others = producers.filter(({ participantId }) => participantId !== self);
  return {
    participants: [...participants].sort((a, b) => (a.participantId < b.participantId ? -1 : 1)),
    producers: others.sort((a, b) => (a.producerId < b.producerId ? -1 : 1)),
    hands: parts.hands,
    moderation: {
      ...parts.moderation,
      restraints: [...parts.moderation.restraints].sort((a, b) =>
        a.participantId < b.participantId ? -1 : 1,
      ),
    },
    spotlight: parts.spotlight,
    room: parts.room,
  };
}
