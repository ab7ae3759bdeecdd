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
const START_TIMEOUT_MS = 6000;
const MAX_START_TIMEOUT_MS = 24_000;
const STOPPED_TIMEOUT_MS = 1000;
/** How long after a layer was requested the next lower one is requested as a substitute, in milliseconds. */
const SUBSTITUTE_AFTER_MS = 2000;
/** How long after a failure a missing layer is requested again, in milliseconds. Doubles with each failure, up to the second value. */
const RETRY_MS = 10_000;
const MAX_RETRY_MS = 80_000;
/** A layer that has arrived for this long counts as stable, in milliseconds; its failures are forgotten. */
const STABLE_MS = 20_000;

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
  requested: boolean;
  neededAtMs: number;
  /** Since when it has been arriving; null: it is not. */
  flowingSinceMs: number | null;
  silentSinceMs: number | null;
  /** It has arrived since it was requested, for long enough to count as stable. */
  arrived: boolean;
  stable: boolean;
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
export class SenderLayers {
  readonly #layers: Layer[];
  /** As of the last update. */
  #wanted: readonly boolean[] = [];
  /** Something has arrived from the sender. */
  #begun = false;

  /** Senders send all layers until asked otherwise. */
  constructor(spatialLayers: number, nowMs: number) {
    this.#layers = Array.from({ length: spatialLayers }, () => ({
      ...{ requested: true, neededAtMs: nowMs, arrived: false, stable: false },
      ...{ flowingSinceMs: null, silentSinceMs: null },
      ...{ failures: 0, missing: false, retryAtMs: 0 },
    }));
  }

  /** Which layers the sender was last asked to send. */
  get requested(): readonly boolean[] {
    return this.#layers.map(({ requested }) => requested);
  }

  /** Spatial layers that were requested but do not arrive, lowest first. */
  get missing(): readonly number[] {
    return this.#layers.flatMap(({ missing }, place) => (missing ? [place] : []));
  }

  /** Whether time alone changes nothing: exactly the wanted layers are requested, and arrive reliably. */
  isSettled(flowing: readonly boolean[]): boolean {
    return this.#layers.every(
      ({ requested, stable, missing }, place) =>
        !missing &&
        requested === Boolean(this.#wanted[place]) &&
        requested === Boolean(flowing[place]) &&
        (stable || !requested),
    );
  }

  /** Continues a settled state: what was wanted still is. */
  extend(nowMs: number): void {
    for (const [place, wanted] of this.#wanted.entries()) {
      if (wanted) {
        this.#need(place, nowMs);
      }
    }
  }

  /** Updates the state. Returns whether the sender must be notified, and whether the set of missing layers changed. */
  update(needs: LayerNeeds, nowMs: number): { requested: boolean; missing: boolean } {
    this.#wanted = needs.wanted;
    const requestedBefore = this.requested.join();
    const missingBefore = this.missing.join();
    this.#begun ||= needs.flowing.some(Boolean);
    for (const [place, layer] of this.#layers.entries()) {
      this.#watch(layer, place, needs, nowMs);
    }
    if (!this.#begun) {
      // It may be waiting for the keys of an encrypted room. Until it sends, its bitrate is only guessed, and may look too high for everyone.
      this.#need(0, nowMs);
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
      layer.requested = retried || nowMs - layer.neededAtMs < unwantedMs;
      if (!layer.requested) {
        Object.assign(layer, { arrived: false, stable: false });
      }
    }
    return {
      requested: this.requested.join() !== requestedBefore,
      missing: this.missing.join() !== missingBefore,
    };
  }

  /** Tracks whether a requested layer arrives. */
  #watch(layer: Layer, place: number, { wanted, awaited, flowing }: LayerNeeds, nowMs: number): void {
    if (flowing[place]) {
      layer.flowingSinceMs ??= nowMs;
      layer.silentSinceMs = null;
      layer.arrived ||= layer.requested;
      if (layer.missing) {
        layer.neededAtMs = nowMs;
      }
      layer.missing = false;
      layer.stable = nowMs - layer.flowingSinceMs >= STABLE_MS;
      if (layer.stable) {
        layer.failures = 0;
      }
      return;
    }
    layer.flowingSinceMs = null;
    // If nothing at all arrives from a sender, its network is down or it is paused, which says nothing about single layers.
    const isExpected = layer.requested && (wanted[place] || awaited[place]) && flowing.some(Boolean);
    layer.silentSinceMs = isExpected ? (layer.silentSinceMs ?? nowMs) : null;
    const timeoutMs =
      layer.arrived && !layer.stable
        ? STOPPED_TIMEOUT_MS
        : Math.min(MAX_START_TIMEOUT_MS, START_TIMEOUT_MS * 2 ** layer.failures);
    if (place === 0 || layer.silentSinceMs === null || nowMs - layer.silentSinceMs < timeoutMs) {
      return;
    }
    layer.missing = true;
    layer.silentSinceMs = null;
    layer.neededAtMs = Number.NEGATIVE_INFINITY;
    layer.retryAtMs = nowMs + Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** layer.failures);
    layer.failures += 1;
  }

  /** Whether a lower layer must substitute for a wanted one that has stopped or is slow to start. */
  #lacks({ missing, arrived, silentSinceMs }: Layer, nowMs: number): boolean {
    return missing || (silentSinceMs !== null && (arrived || nowMs - silentSinceMs >= SUBSTITUTE_AFTER_MS));
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
