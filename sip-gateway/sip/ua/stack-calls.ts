import type { Call } from './call.ts';
import type { Trunk } from './trunk.ts';

/** The calls of a stack, in all states but `ended`. Counts those of each trunk. */
export class StackCalls {
  readonly #calls = new Set<Call>();
  readonly #trunks: () => ReadonlyMap<string, Trunk>;

  /** @param trunks the current trunks */
  constructor(trunks: () => ReadonlyMap<string, Trunk>) {
    this.#trunks = trunks;
  }

  get size(): number {
    return this.#calls.size;
  }

  get all(): Call[] {
    return [...this.#calls];
  }

  /** Adds a call; it removes itself when it ends. */
  add(call: Call, trunk: Trunk | undefined): void {
    this.#calls.add(call);
    if (trunk) {
      trunk.activeCalls++;
    }
    call.once('end', () => {
      this.#calls.delete(call);
      if (!trunk) {
        return;
      }
      trunk.activeCalls--;
      // The trunks may have been replaced since. The successor counts this call too.
      const successor = this.#trunks().get(trunk.id);
      if (successor && successor !== trunk) {
        successor.activeCalls--;
      }
    });
  }

  /** Number of calls that a user is currently making. */
  madeBy(username: string): number {
    let count = 0;
    for (const { direction, identity } of this.#calls) {
      if (direction === 'incoming' && identity.kind === 'user' && identity.username === username) {
        count++;
      }
    }
    return count;
  }
}
