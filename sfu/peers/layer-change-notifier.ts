import { Coalescer } from '../coalescer.ts';
import type { Layers } from '../types.ts';

/** How long changes are collected, in milliseconds. */
const GATHER_MS = 200;

/**
 * Notifies a peer of the layers its consumers forward, for information. If they change several times in a row, as on each switch to a
 * larger layer, only the last is reported. Owned by Peer.
 */
export class LayerChangeNotifier {
  readonly #emit: (consumerId: string, layers: Layers | null) => void;
  readonly #coalescer: Coalescer;
  readonly #changed = new Map<string, Layers | null>();

  constructor(emit: (consumerId: string, layers: Layers | null) => void) {
    this.#emit = emit;
    this.#coalescer = new Coalescer({
      run: () => this.#run(),
      gatherMs: GATHER_MS,
      gapMs: () => GATHER_MS,
      now: () => performance.now(),
    });
  }

  changed(consumerId: string, layers: Layers | null): void {
    this.#changed.set(consumerId, layers);
    this.#coalescer.request();
  }

  /** Drops pending changes of a consumer that has closed. */
  forget(consumerId: string): void {
    this.#changed.delete(consumerId);
  }

  close(): void {
    this.#coalescer.close();
  }

  #run(): void {
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const [consumerId, layers] of changed) {
      this.#emit(consumerId, layers);
    }
  }
}
