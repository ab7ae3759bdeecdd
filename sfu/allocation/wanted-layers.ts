/** How long nobody must have wanted a layer before its sender is told, in milliseconds: one that comes back takes seconds to be seen. */
const UNWANTED_MS = 5000;

/** Which spatial layers of a picture its sender is told to send: wanted ones at once, unwanted ones no more after a while. */
export class WantedLayers {
  readonly #lastWantedAtMs: number[];
  #told: boolean[];

  /** Until told otherwise a sender sends all. */
  constructor(spatialLayers: number, nowMs: number) {
    this.#lastWantedAtMs = Array.from({ length: spatialLayers }, () => nowMs);
    this.#told = Array.from({ length: spatialLayers }, () => true);
  }

  /** What its sender was told last. */
  get told(): readonly boolean[] {
    return this.#told;
  }

  /** Takes over what is wanted now; whether there is something to tell. */
  update(spatialLayers: readonly boolean[], nowMs: number): boolean {
    const next = this.#told.map((_, layer) => {
      if (spatialLayers[layer]) this.#lastWantedAtMs[layer] = nowMs;
      return nowMs - (this.#lastWantedAtMs[layer] ?? 0) < UNWANTED_MS;
    });
    const changed = next.some((wanted, layer) => wanted !== this.#told[layer]);
    this.#told = next;
    return changed;
  }
}
