/**
 * How long a layer must have been unneeded before its sender is asked to stop it, in milliseconds: a restarted layer takes seconds to
 * become visible. The second value is for a sender that could not keep a layer up: its fallback layers continue until that layer has proved
 * stable.
 */
const UNWANTED_MS = 5000;
const UNWANTED_AFTER_FAILURE_MS = 30_000;
/**
 * How long a sender has to start a requested layer, in milliseconds; on a good network it takes one or two seconds. Doubles with each
 * failure, up to the second value: a slow machine restarts its encoder on each request, and would never finish if the time stayed the same.
 * The third value is for a layer that started and then stopped before it proved stable: if the network were the cause, the other layers
 * would have stopped by now.
 */
const PATIENCE_MS = 6000;
const LONGEST_PATIENCE_MS = 24_000;
const PATIENCE_WITH_FALLEN_MS = 1000;
/** How long after a layer was requested the next lower one is requested as a substitute, in milliseconds. */
const INSTEAD_MS = 2000;
/** How long after a failure a missing layer is requested again, in milliseconds. Doubles with each failure, up to the second value. */
const RETRY_MS = 10_000;
const LONGEST_RETRY_MS = 80_000;
/** A layer that has arrived for this long counts as stable, in milliseconds; its failures are forgotten. */
const STEADY_MS = 20_000;

/** The current state of a video producer, per spatial layer, lowest first. */
export interface LayerNeeds {
  /** The last decisions allocate it to somebody. */
  wanted: readonly boolean[];
  /** It is missing, and somebody would use it. */
  awaited: readonly boolean[];
  /** It is being forwarded to somebody. */
  forwarded: readonly boolean[];
  /** It is arriving from the sender. */
  flowing: readonly boolean[];
}

interface Layer {
  /** The sender was asked to send it. */
  told: boolean;
  neededAtMs: number;
  /** Since when it has been arriving; null: it is not. */
  flowingSinceMs: number | null;
  silentSinceMs: number | null;
  /** It has arrived since it was requested, for long enough to count as stable. */
  came: boolean;
  steady: boolean;
  failures: number;
  missing: boolean;
  retryAtMs: number;
}

/**
 * Tracks which spatial layers of a video producer its sender is asked to send, and which it cannot send. Wanted layers are requested at
 * once. A layer that is neither wanted nor forwarded is stopped after a while, but never before its successor has replaced it. A sender may
 * fail to send a layer (its uplink is too narrow, or its machine too slow). Then the layer is missing: decisions leave it out, and while
 * somebody would use it, it is requested again at growing intervals.
 */
export class WantedLayers {
  readonly #layers: Layer[];

  /** Senders send all layers until asked otherwise. */
  constructor(spatialLayers: number, nowMs: number) {
    this.#layers = Array.from({ length: spatialLayers }, () => ({
      ...{ told: true, neededAtMs: nowMs, came: false, steady: false },
      ...{ flowingSinceMs: null, silentSinceMs: null },
      ...{ failures: 0, missing: false, retryAtMs: 0 },
    }));
  }

  /** Which layers the sender was last asked to send. */
  get told(): readonly boolean[] {
    return this.#layers.map(({ told }) => told);
  }

  /** Spatial layers that were requested but do not arrive, lowest first. */
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
      // Keep lower layers that already arrive until this one is forwarded: they may be needed until then.
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

  /** Tracks whether a requested layer arrives. */
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
    // If nothing at all arrives from a sender, its network is down or it is paused, which says nothing about single layers.
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
