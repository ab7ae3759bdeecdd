/**
 * How long a layer must have been unneeded before its sender is asked to stop it, in milliseconds: a restarted layer takes seconds to
 * become visible. The second value is for a sender that could not keep a layer up: its fallback layers continue until that layer has proved
 * stable.
 */
const UNWANTED_MS = 5000;
const UNWANTED_AFTER_FAILURE_MS = 30_000;
/**
 * How long a sender has to start a layer it was asked for, in milliseconds; on a good network it takes one or two seconds. Doubles with
 * each failure, up to the second value: a slow machine starts its encoder anew each time it is asked, and would never finish if it always
 * had the same time. The third value is for a layer that started and then stopped before it proved stable: if the network were to blame,
 * the other layers would have stopped by now.
 */
const PATIENCE_MS = 6000;
const LONGEST_PATIENCE_MS = 24_000;
const PATIENCE_WITH_FALLEN_MS = 1000;
/** How long after asking for a layer the next lower one is asked for as a substitute, in milliseconds. */
const INSTEAD_MS = 2000;
/** How long after a failure a missing layer is asked for again, in milliseconds: doubles with each failure, up to the second value. */
const RETRY_MS = 10_000;
const LONGEST_RETRY_MS = 80_000;
/** A layer that has flowed for this long counts as stable, in milliseconds: its failures are forgotten. */
const STEADY_MS = 20_000;

/** The current state of a video producer, per spatial layer, lowest first. */
export interface LayerNeeds {
  /** The last decisions give it to somebody. */
  wanted: readonly boolean[];
  /** It is missing, and somebody would use it. */
  awaited: readonly boolean[];
  /** It is being forwarded to somebody. */
  forwarded: readonly boolean[];
  /** It arrives from the sender. */
  flowing: readonly boolean[];
}

interface Layer {
  /** The sender was asked to send it. */
  told: boolean;
  neededAtMs: number;
  /** Since when it has been flowing, or awaited in vain; null: it is not. */
  flowingSinceMs: number | null;
  silentSinceMs: number | null;
  /** It has flowed since it was asked for, and long enough to count as stable. */
  came: boolean;
  steady: boolean;
  failures: number;
  missing: boolean;
  retryAtMs: number;
}

/**
 * Tracks which spatial layers of a video producer its sender is asked to send, and which it cannot send. Wanted layers are asked for at
 * once. A layer that is neither wanted nor forwarded is stopped after a while, but never before its successor has replaced it. A sender may
 * fail to send a layer (its uplink is too narrow, or its machine too slow). Then the layer is missing: decisions leave it out, and while
 * somebody would use it, it is asked for again, at growing intervals.
 */
export class WantedLayers {
  readonly #layers: Layer[];

  /** Until told otherwise a sender sends all. */
  constructor(spatialLayers: number, nowMs: number) {
    this.#layers = Array.from({ length: spatialLayers }, () => ({
      ...{ told: true, neededAtMs: nowMs, came: false, steady: false },
      ...{ flowingSinceMs: null, silentSinceMs: null },
      ...{ failures: 0, missing: false, retryAtMs: 0 },
    }));
  }

  /** What its sender was told last. */
  get told(): readonly boolean[] {
    return this.#layers.map(({ told }) => told);
  }

  /** Spatial layers the sender was asked for in vain, lowest first. */
  get missing(): readonly number[] {
    return this.#layers.flatMap(({ missing }, place) => (missing ? [place] : []));
  }

  /** Updates the state. Returns whether the sender must be notified, and whether the set of missing layers changed. */
  update(needs: LayerNeeds, nowMs: number): { told: boolean; missing: boolean } {
    const toldBefore = this.told.join();
    const missingBefore = this.missing.join();
    for (const [place, layer] of this.#layers.entries()) {
      this.#watch(layer, place, needs, nowMs);
    }
    for (const [place, layer] of this.#layers.entries()) {
      if (needs.forwarded[place] || (needs.wanted[place] && !layer.missing)) {
        this.#need(place, nowMs);
      }
      if (!needs.wanted[place] || needs.forwarded[place]) {
        continue;
      }
      // Keep lower layers that already flow until this one is forwarded: they may have to be forwarded first.
      for (let lower = 0; lower < place; lower++) {
        if (needs.flowing[lower]) {
          this.#need(lower, nowMs);
        }
      }
      if (this.#lacks(layer, nowMs)) {
        this.#need(this.#below(place), nowMs);
      }
    }
    for (const [place, layer] of this.#layers.entries()) {
      const isFallback = this.#layers.some(
        ({ failures }, higher) => higher > place && needs.wanted[higher] && failures > 0,
      );
      const unwantedMs = isFallback ? UNWANTED_AFTER_FAILURE_MS : UNWANTED_MS;
      const retried = layer.missing && Boolean(needs.awaited[place]) && nowMs >= layer.retryAtMs;
      layer.told = retried || nowMs - layer.neededAtMs < unwantedMs;
      if (!layer.told) {
        Object.assign(layer, { came: false, steady: false });
      }
    }
    return { told: this.told.join() !== toldBefore, missing: this.missing.join() !== missingBefore };
  }

  /** Tracks whether a layer the sender was asked for arrives. */
  #watch(layer: Layer, place: number, { wanted, awaited, flowing }: LayerNeeds, nowMs: number): void {
    if (flowing[place]) {
      layer.flowingSinceMs ??= nowMs;
      layer.silentSinceMs = null;
      layer.came ||= layer.told;
      if (layer.missing) {
        layer.neededAtMs = nowMs;
      }
      layer.missing = false;
      layer.steady = nowMs - layer.flowingSinceMs >= STEADY_MS;
      if (layer.steady) {
        layer.failures = 0;
      }
      return;
    }
    layer.flowingSinceMs = null;
    // If nothing arrives from a sender, its network is down or it is paused: that says nothing about single layers.
    const isAsked = layer.told && (wanted[place] || awaited[place]) && flowing.some(Boolean);
    layer.silentSinceMs = isAsked ? (layer.silentSinceMs ?? nowMs) : null;
    const patienceMs =
      layer.came && !layer.steady
        ? PATIENCE_WITH_FALLEN_MS
        : Math.min(LONGEST_PATIENCE_MS, PATIENCE_MS * 2 ** layer.failures);
    if (place === 0 || layer.silentSinceMs === null || nowMs - layer.silentSinceMs < patienceMs) {
      return;
    }
    layer.missing = true;
    layer.silentSinceMs = null;
    layer.neededAtMs = Number.NEGATIVE_INFINITY;
    layer.retryAtMs = nowMs + Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** layer.failures);
    layer.failures += 1;
  }

  /** Whether a lower layer must substitute for a wanted one that has stopped or is slow to start. */
  #lacks({ missing, came, silentSinceMs }: Layer, nowMs: number): boolean {
    return missing || (silentSinceMs !== null && (came || nowMs - silentSinceMs >= INSTEAD_MS));
  }

  #need(place: number, nowMs: number): void {
    const layer = this.#layers[place];
    if (layer) {
      layer.neededAtMs = nowMs;
    }
  }

  /** The next lower layer that is not missing. */
  #below(place: number): number {
    return this.#layers.findLastIndex(({ missing }, lower) => lower < place && !missing);
  }
}
