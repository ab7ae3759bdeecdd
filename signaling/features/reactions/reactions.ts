import { CanopyError } from '../../../base/index.ts';
import { type Kernel, type Peer, type Room, TokenBucket } from '../../kernel/index.ts';
import type { ReactionKind } from './contract.ts';

/** Time between two events in a room, in milliseconds. */
const GATHER_MS = 300;
const MAX_COUNT = 9;
const PER_SECOND = 4;
const BURST = 8;
/** Signs in one event that the server cannot read, and so cannot count: of each participant, and of all. Further ones are not shown. */
const MAX_SEALED_EACH = 3;
const MAX_SEALED = 100;

interface Gathered {
  participantId: string;
  kind: ReactionKind;
  count: number;
}

/** What the next event of a room says. */
interface Due {
  readable: Map<string, Gathered>;
  sealed: Array<{ participantId: string; sealed: string }>;
}

/** Gathers the reactions in each room, so that applause by many people costs few messages. */
export class Reactions {
  readonly #buckets = new WeakMap<Peer, TokenBucket>();
  /** By room, while its next event is due: what that event says. */
  readonly #due = new WeakMap<Room, Due>();
  readonly #kernel: Pick<Kernel, 'requireSealed'>;

  constructor(kernel: Pick<Kernel, 'requireSealed'>) {
    this.#kernel = kernel;
  }

  /**
   * @param reaction its kind, or one that the server cannot read
   * @throws {CanopyError} RATE_LIMITED; ENCRYPTION_REQUIRED, ENCRYPTION_INVALID, ENCRYPTION_STALE - it has to be sealed by this peer's
   * device, or cannot be sealed
   */
  send(
    room: Room,
    peer: Peer,
    participantId: string,
    { kind, sealed }: { kind?: ReactionKind | undefined; sealed?: string | undefined },
  ): void {
    const isEncrypted = room.encryption !== 'off';
    if (isEncrypted !== (sealed !== undefined)) {
      throw new CanopyError(isEncrypted ? 'ENCRYPTION_REQUIRED' : 'ENCRYPTION_INVALID');
    }
    const nowMs = performance.now();
    const bucket = this.#buckets.get(peer) ?? new TokenBucket(PER_SECOND, BURST, nowMs);
    this.#buckets.set(peer, bucket);
    if (!bucket.take(nowMs)) {
      throw new CanopyError('RATE_LIMITED', `at most ${PER_SECOND} reactions per second`);
    }
    if (sealed !== undefined) {
      this.#kernel.requireSealed({ room, peer }, sealed, 'sign');
    }
    const waiting = this.#due.get(room);
    const due: Due = waiting ?? { readable: new Map(), sealed: [] };
    if (sealed !== undefined) {
      const own = due.sealed.filter((each) => each.participantId === participantId);
      if (own.length < MAX_SEALED_EACH && due.sealed.length < MAX_SEALED) {
        due.sealed.push({ participantId, sealed });
      }
    } else if (kind !== undefined) {
      const key = `${participantId} ${kind}`;
      const count = Math.min(MAX_COUNT, (due.readable.get(key)?.count ?? 0) + 1);
      due.readable.set(key, { participantId, kind, count });
    }
    if (!waiting) {
      // The first one is shown at once; those that follow wait.
      this.#show(room, due);
    }
  }

  /** Somebody has left: what they showed last is not sent after that, as nobody could judge it. */
  left(room: Room, participantId: string): void {
    const due = this.#due.get(room);
    if (due) {
      due.sealed = due.sealed.filter((each) => each.participantId !== participantId);
      for (const [key, gathered] of due.readable) {
        if (gathered.participantId === participantId) {
          due.readable.delete(key);
        }
      }
    }
  }

  #show(room: Room, { readable, sealed }: Due): void {
    room.broadcast('room.reactions', {
      reactions: [...readable.values()],
      ...(sealed.length > 0 && { sealed }),
    });
    const next: Due = { readable: new Map(), sealed: [] };
    this.#due.set(room, next);
    setTimeout(() => {
      if ((next.readable.size > 0 || next.sealed.length > 0) && !room.closed) {
        this.#show(room, next);
      } else {
        this.#due.delete(room);
      }
    }, GATHER_MS).unref();
  }
}
