/** After a join, how long further newcomers wait to be added together, in milliseconds. */
const RUSH_MS = 300;
/** How long newcomers are collected before a member is asked, in milliseconds. */
const COLLECT_MS = 30;
/** After this time, the next member is asked, in milliseconds. */
const PATIENCE_MS = 1000;
/** Maximum number of key packages that a member is asked to add at once, and their size in bytes, so that the commit stays small enough. */
const MAX_AT_ONCE = 40;
const MAX_BYTES_AT_ONCE = 96 * 1024;

export interface NewcomersHost {
  /** Whether somebody is still in the room and not in the group. */
  waits(peerId: string): boolean;
  /** Asks a connected member, the one with this rank among them by leaf index. Returns false if there are fewer. */
  ask(rank: number, keyPackages: Uint8Array[]): boolean;
}

/** Those who come to a room at once: the first joins alone, and a member adds the others together. */
export class Newcomers {
  readonly #host: NewcomersHost;
  /** The key packages of those who wait, by peer. */
  readonly #waiting = new Map<string, Uint8Array>();
  #lastJoinMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #rank = 0;

  constructor(host: NewcomersHost) {
    this.#host = host;
  }

  /** Whether somebody who comes now has to wait. If not, they are joining from now on. */
  mustWait(nowMs: number): boolean {
    if (this.#waiting.size > 0 || nowMs - this.#lastJoinMs < RUSH_MS) {
      return true;
    }
    this.#lastJoinMs = nowMs;
    return false;
  }

  wait(peerId: string, keyPackage: Uint8Array): void {
    this.#waiting.set(peerId, keyPackage);
    this.#schedule(COLLECT_MS);
  }

  /** No longer waits: joins alone, or was added. */
  drop(peerId: string): void {
    this.#waiting.delete(peerId);
  }

  /** Who waits with this key package. */
  ownerOf(keyPackage: Uint8Array): string | undefined {
    for (const [peerId, waiting] of this.#waiting) {
      if (Buffer.compare(waiting, keyPackage) === 0) {
        return peerId;
      }
    }
    return undefined;
  }

  /** A commit took effect: whoever still waits is asked for again at once. */
  committed(): void {
    this.#rank = 0;
    if (this.#waiting.size > 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#schedule(COLLECT_MS);
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#waiting.clear();
  }

  #schedule(afterMs: number): void {
    this.#timer ??= setTimeout(() => this.#ask(), afterMs);
    this.#timer.unref();
  }

  #ask(): void {
    this.#timer = undefined;
    for (const peerId of this.#waiting.keys()) {
      if (!this.#host.waits(peerId)) {
        this.#waiting.delete(peerId);
      }
    }
    const keyPackages = firstOf([...this.#waiting.values()]);
    if (keyPackages.length === 0) {
      return;
    }
    const isAsked = this.#host.ask(this.#rank, keyPackages);
    this.#rank = isAsked ? this.#rank + 1 : 0;
    this.#schedule(PATIENCE_MS);
  }
}

/** As many as a member may be asked to add at once. */
function firstOf(keyPackages: readonly Uint8Array[]): Uint8Array[] {
  let bytes = 0;
  return keyPackages.slice(0, MAX_AT_ONCE).filter((keyPackage) => {
    bytes += keyPackage.length;
    return bytes <= MAX_BYTES_AT_ONCE;
  });
}
