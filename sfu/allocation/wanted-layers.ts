/**
 * How long nobody must have needed a layer before its sender is told, in milliseconds: one that comes back takes seconds to be seen. The
 * second is for a sender that could not keep a layer up: what it falls back on goes on until that layer has proved itself.
 */
const UNWANTED_MS = 5000;
const UNWANTED_AFTER_FAILURE_MS = 30_000;
/**
 * How long a sender has for a layer that it was asked for, in milliseconds. One on a good network needs one or two seconds. The second is
 * for one that came and has ended before it proved itself: by now the others would have ended too if the network were to blame.
 */
const PATIENCE_MS = 6000;
const PATIENCE_WITH_FALLEN_MS = 1000;
/** How long after a layer was asked for the next lower one is asked for in its place, in milliseconds. */
const INSTEAD_MS = 2000;
/** How long after a failure a missing layer is asked for again, in milliseconds: doubled with each failure, up to the second. */
const RETRY_MS = 10_000;
const LONGEST_RETRY_MS = 80_000;
/** A layer that has flowed for so long has proved itself, in milliseconds: its failures are forgotten. */
const STEADY_MS = 20_000;

/** What is known of a picture at the moment: of each spatial layer, lowest first. */
export interface LayerNeeds {
  /** Somebody is to get it, by the last decisions. */
  wanted: readonly boolean[];
  /** It is missing, and somebody would have it. */
  awaited: readonly boolean[];
  /** Somebody is forwarded it. */
  forwarded: readonly boolean[];
  /** It comes from the sender. */
  flowing: readonly boolean[];
}

interface Layer {
  /** Its sender was told to send it. */
  told: boolean;
  neededAtMs: number;
  /** Since when it has been flowing, or has been awaited in vain; null: it is not. */
  flowingSinceMs: number | null;
  silentSinceMs: number | null;
  /** It has flowed since it was asked for, and so long that it has proved itself. */
  came: boolean;
  steady: boolean;
  failures: number;
  missing: boolean;
  retryAtMs: number;
}

/**
 * Which spatial layers of a picture its sender is told to send, and which cannot be had of it. Wanted layers are asked for at once; those that
 * nobody wants or is forwarded any more end after a while: a layer is never stopped before its successor has taken its place. A sender may not
 * send what it was asked for (its uplink is too narrow, its machine too slow). Then the layer is missing: decisions leave it out, and as long
 * as somebody would have it, it is asked for again, ever more rarely.
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

  /** Spatial layers that the sender was asked for in vain, lowest first. */
  get missing(): readonly number[] {
    return this.#layers.flatMap(({ missing }, place) => (missing ? [place] : []));
  }

  /** Takes over what is known now; whether there is something to tell its sender, and whether other layers are missing than before. */
  update(needs: LayerNeeds, nowMs: number): { told: boolean; missing: boolean } {
    const toldBefore = this.told.join();
    const missingBefore = this.missing.join();
    for (const [place, layer] of this.#layers.entries()) this.#watch(layer, place, needs, nowMs);
    for (const [place, layer] of this.#layers.entries()) {
      if (needs.forwarded[place] || (needs.wanted[place] && !layer.missing)) this.#need(place, nowMs);
      if (!needs.wanted[place] || needs.forwarded[place]) continue;
      // What comes already goes on until it is forwarded: it may have to be forwarded first.
      for (let lower = 0; lower < place; lower++) if (needs.flowing[lower]) this.#need(lower, nowMs);
      if (this.#lacks(layer, nowMs)) this.#need(this.#below(place), nowMs);
    }
    for (const [place, layer] of this.#layers.entries()) {
      const isFallback = this.#layers.some(
        ({ failures }, higher) => higher > place && needs.wanted[higher] && failures > 0,
      );
      const unwantedMs = isFallback ? UNWANTED_AFTER_FAILURE_MS : UNWANTED_MS;
      const retried = layer.missing && Boolean(needs.awaited[place]) && nowMs >= layer.retryAtMs;
      layer.told = retried || nowMs - layer.neededAtMs < unwantedMs;
      if (!layer.told) Object.assign(layer, { came: false, steady: false });
    }
    return { told: this.told.join() !== toldBefore, missing: this.missing.join() !== missingBefore };
  }

  /** What has come of a layer that was asked for. */
  #watch(layer: Layer, place: number, { wanted, awaited, flowing }: LayerNeeds, nowMs: number): void {
    if (flowing[place]) {
      layer.flowingSinceMs ??= nowMs;
      layer.silentSinceMs = null;
      layer.came ||= layer.told;
      if (layer.missing) layer.neededAtMs = nowMs;
      layer.missing = false;
      layer.steady = nowMs - layer.flowingSinceMs >= STEADY_MS;
      if (layer.steady) layer.failures = 0;
      return;
    }
    layer.flowingSinceMs = null;
    // A sender of which nothing comes has lost its network, or is paused: that says nothing of single layers.
    const isAsked = layer.told && (wanted[place] || awaited[place]) && flowing.some(Boolean);
    layer.silentSinceMs = isAsked ? (layer.silentSinceMs ?? nowMs) : null;
    const patienceMs = layer.came && !layer.steady ? PATIENCE_WITH_FALLEN_MS : PATIENCE_MS;
    if (place === 0 || layer.silentSinceMs === null || nowMs - layer.silentSinceMs < patienceMs) return;
    layer.missing = true;
    layer.silentSinceMs = null;
    layer.neededAtMs = Number.NEGATIVE_INFINITY;
    layer.retryAtMs = nowMs + Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** layer.failures);
    layer.failures += 1;
  }

  /** Whether a lower layer is needed in the place of one that is wanted: it ended, or has been long in coming. */
  #lacks({ missing, came, silentSinceMs }: Layer, nowMs: number): boolean {
    return missing || (silentSinceMs !== null && (came || nowMs - silentSinceMs >= INSTEAD_MS));
  }

  #need(place: number, nowMs: number): void {
    const layer = this.#layers[place];
    if (layer) layer.neededAtMs = nowMs;
  }

  /** The next lower layer that is not missing. */
  #below(place: number): number {
    return this.#layers.findLastIndex(({ missing }, lower) => lower < place && !missing);
  }
}
