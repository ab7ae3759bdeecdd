import { CanopyError } from '../../../base/index.ts';
import { type Peer, type Room, TokenBucket } from '../../kernel/index.ts';
import type { ReactionKind } from './contract.ts';

/** Time between two events in a room, in milliseconds. */
const GATHER_MS = 300;
const MAX_COUNT = 9;
const PER_SECOND = 4;
const BURST = 8;

interface Gathered {
  participantId: string;
  kind: ReactionKind;
  count: number;
}

/** Gathers the reactions in each room, so that applause by many people costs few messages. */
export class Reactions {
  readonly #buckets = new WeakMap<Peer, TokenBucket>();
  /** By room, while its next event is due: what that event says. */
  readonly #gathered = new WeakMap<Room, Map<string, Gathered>>();

  /** @throws {CanopyError} RATE_LIMITED */
  send(room: Room, peer: Peer, participantId: string, kind: ReactionKind): void {
    const nowMs = performance.now();
    const bucket = this.#buckets.get(peer) ?? new TokenBucket(PER_SECOND, BURST, nowMs);
    this.#buckets.set(peer, bucket);
    if (!bucket.take(nowMs)) {
      throw new CanopyError('RATE_LIMITED', `at most ${PER_SECOND} reactions per second`);
    }
    const due = this.#gathered.get(room);
    const gathered = due ?? new Map<string, Gathered>();
    const key = `${participantId} ${kind}`;
    const count = Math.min(MAX_COUNT, (gathered.get(key)?.count ?? 0) + 1);
    gathered.set(key, { participantId, kind, count });
    if (!due) {
      // The first one is shown at once; those that follow wait.
      this.#show(room, gathered);
    }
  }

  #show(room: Room, gathered: Map<string, Gathered>): void {
    room.broadcast('room.reactions', { reactions: [...gathered.values()] });
    const next = new Map<string, Gathered>();
    this.#gathered.set(room, next);
    setTimeout(() => {
      if (next.size > 0 && !room.closed) {
        this.#show(room, next);
      } else {
        this.#gathered.delete(room);
      }
    }, GATHER_MS).unref();
  }
}
