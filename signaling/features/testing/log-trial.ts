import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import type { RequestName } from '../../../contract/index.ts';
import type { Sfu } from '../../../sfu/index.ts';
import { LogMember, sightOf } from '../../../test/support/log-member.ts';
import { opus } from '../../../test/support/rtp-parameters.ts';
import type { Kernel } from '../../kernel/index.ts';
import { DirectLink } from './direct-link.ts';

const PEOPLE = 5;
/** Far longer than a room takes to settle, in milliseconds. */
const TIMEOUT_MS = 20_000;

/** What may happen next; repetition makes a step more likely. */
export const STEPS = [
  ...[
    'enter',
    'enter',
    'enter',
    'enter',
    'cut',
    'cut',
    'vanish',
    'leave',
    'read',
    'read',
    'read',
    'wait',
    'wait',
  ],
  ...['produce', 'produce', 'pause', 'resume', 'unproduce', 'mute', 'mute', 'kick', 'readmit', 'promote'],
  ...['raise', 'raise', 'lower', 'deny', 'deny', 'ask', 'muteAll', 'allowAll', 'spotlight', 'spotlight'],
  'retitle',
  ...['expire', 'rehome', 'close'],
] as const;
export interface Step {
  kind: (typeof STEPS)[number];
  who: number;
  whom: number;
  count: number;
}

/** One room with people who come, go and are moderated, and the log that each of them received. */
export class LogTrial {
  readonly roomId = `room-${randomUUID()}`;
  readonly members = Array.from({ length: PEOPLE }, () => new LogMember(this.roomId));
  readonly #accounts = this.members.map(() => randomBytes(32).toString('hex'));
  readonly #kernel: Kernel;
  readonly #sfu: Sfu;
  readonly #pending = new Set<Promise<unknown>>();
  readonly #own = this.members.map(() => ({ transportId: '', producerId: '' }));
  readonly #failures: unknown[] = [];

  constructor(kernel: Kernel, sfu: Sfu) {
    this.#kernel = kernel;
    this.#sfu = sfu;
  }

  async do({ kind, who, whom, count }: Step): Promise<void> {
    const member = this.members[who] as LogMember;
    const other = this.members[whom] as LogMember;
    const own = this.#own[who] as { transportId: string; producerId: string };
    const { rooms } = this.#kernel;
    const room = rooms.find(this.roomId);
    switch (kind) {
      case 'enter':
        if (!member.connected) {
          member.enter(this.#link(who));
        }
        break;
      case 'cut':
        return member.cut(true);
      case 'vanish':
        return member.cut(false);
      case 'leave':
        member.inside = false;
        this.#request(who, 'room.leave', {});
        return member.cut(true);
      case 'read':
        return member.read(count);
      case 'wait':
        return count > 4 ? this.#answered() : turn();
      case 'produce':
        return this.#produce(who);
      case 'pause':
      case 'resume':
        return this.#request(who, `producer.${kind}`, { producerId: own.producerId });
      case 'unproduce':
        return this.#request(who, 'producer.close', { producerId: own.producerId });
      case 'mute':
        return this.#request(who, 'participant.mute', { participantId: other.participantId, muted: true });
      case 'deny':
        return this.#request(who, 'participant.mute', {
          participantId: other.participantId,
          muted: true,
          deny: true,
        });
      case 'ask':
        return this.#request(who, 'participant.ask', {
          participantId: other.participantId,
          source: 'microphone',
        });
      case 'muteAll':
        return this.#request(who, 'participant.muteAll', {
          except: count % 2 === 0 ? 'me' : 'moderators',
          onEntry: count > 4,
          deny: count % 3 === 0,
        });
      case 'allowAll':
        return this.#request(who, 'participant.allowAll', {});
      case 'spotlight':
        return this.#request(who, 'participant.spotlight', {
          participantId: other.participantId,
          on: count > 2,
        });
      case 'raise':
        return this.#request(who, 'hand.raise', {});
      case 'lower':
        return this.#request(who, 'hand.lower', { participantId: other.participantId });
      case 'retitle':
        return this.#request(who, 'room.configure', { roomId: this.roomId, title: `Title ${count}` });
      case 'kick':
        return this.#request(who, 'participant.kick', { participantId: other.participantId });
      case 'readmit':
        return this.#request(who, 'participant.readmit', { accountId: this.#accounts[whom] });
      case 'promote':
        return rooms.setRole(
          this.#accounts[who] as string,
          (['admin', 'member', 'guest'] as const)[count % 3] as 'admin',
        );
      case 'expire': {
        // As the grace timer does for a disconnected peer.
        const peer = room?.peers.get(member.peerId ?? '');
        if (peer?.connection === null) {
          room?.remove(peer, 'lost');
        }
        break;
      }
      case 'rehome':
        if (room && count === 1) {
          this.#sfu.closeRoom(this.roomId);
          room.rehome('drain');
        }
        break;
      case 'close':
        if (room && count === 1) {
          rooms.end(room, 'ROOM_CLOSED');
        }
        break;
    }
  }

  /** Everyone enters, in any order, and sends audio. */
  async begin(): Promise<void> {
    for (const [who, member] of this.members.entries()) {
      member.enter(this.#link(who));
    }
    await this.settle();
    for (const who of this.members.keys()) {
      this.#produce(who);
    }
    await this.#answered();
  }

  /** Reconnects everyone who has not left, and reads everything. */
  async settle(): Promise<void> {
    const deadlineMs = performance.now() + TIMEOUT_MS;
    const everyone = () => this.members.filter(({ inside }) => inside);
    while (this.#pending.size > 0 || everyone().some((one) => !one.connected || !one.isSettled)) {
      assert.ok(performance.now() < deadlineMs, 'the room settles');
      for (const [who, member] of this.members.entries()) {
        if (member.inside && !member.connected) {
          member.enter(this.#link(who));
        }
        member.read(Number.POSITIVE_INFINITY);
      }
      await turn();
    }
    assert.deepEqual(this.#failures, []);
  }

  /** Joins as a newcomer and compares everyone's log with each other and with the snapshot. */
  async compare(): Promise<void> {
    const observer = new DirectLink(this.#kernel, randomUUID(), () => 0);
    const joined = await observer.get('room.join', { roomId: this.roomId });
    const { log } = joined;
    await this.settle();
    const received = new Map<number, unknown>();
    for (const member of this.members.filter(({ inside }) => inside)) {
      const first = (member.base?.seq ?? 0) + 1;
      assert.deepEqual(member.position, { logId: log.logId, seq: log.seq });
      assert.equal(member.base?.logId, log.logId);
      assert.deepEqual(
        member.entries.map(({ seq }) => seq),
        Array.from({ length: log.seq + 1 - first }, (_, n) => first + n),
      );
      for (const entry of member.entries) {
        assert.deepEqual(entry, received.get(entry.seq) ?? entry);
        received.set(entry.seq, entry);
      }
      assert.deepEqual(member.sight, sightOf(joined, member.participantId));
    }
    await observer.request('room.leave', {});
    observer.cut(true);
  }

  end(): void {
    for (const member of this.members) {
      member.cut(true);
    }
    const room = this.#kernel.rooms.find(this.roomId);
    if (room) {
      this.#kernel.rooms.end(room, 'ROOM_CLOSED');
    }
  }

  /** Waits until every request is answered. */
  async #answered(): Promise<void> {
    while (this.#pending.size > 0) {
      await Promise.all(this.#pending);
    }
  }

  #link(who: number): DirectLink {
    const member = this.members[who] as LogMember;
    return new DirectLink(this.#kernel, this.#accounts[who] as string, (link, arrival) => {
      member.arrive(link, arrival);
      return member.unread;
    });
  }

  #request(who: number, name: RequestName, data: unknown): void {
    const request = this.members[who]?.request(name, data);
    if (request) {
      this.#track(request);
    }
  }

  /** Creates a transport, so that the seat survives a lost connection, and a microphone. Either may fail because of earlier ones. */
  #produce(who: number): void {
    const member = this.members[who] as LogMember;
    const own = this.#own[who] as { transportId: string; producerId: string };
    const make = async () => {
      const transport = await member.request('transport.create', { direction: 'send' });
      if (transport?.ok) {
        own.transportId = (transport.result as { transportId: string }).transportId;
      }
      const { transportId } = own;
      const produced = { transportId, kind: 'audio', source: 'microphone', rtpParameters: opus() };
      const producer = await member.request('producer.create', produced);
      if (producer?.ok) {
        own.producerId = (producer.result as { producerId: string }).producerId;
      }
    };
    this.#track(make());
  }

  #track(request: Promise<unknown>): void {
    const tracked = request
      .catch((error: unknown) => this.#failures.push(error))
      .finally(() => this.#pending.delete(tracked));
    this.#pending.add(tracked);
  }
}
