/** What a peer will cost its worker, as a share of a core, until that shows in the measurement: 25 people in video take about a quarter. */
const PEER_SHARE = 0.01;
/** How long the measurement takes to show a peer, in milliseconds. */
const UNSEEN_MS = 5000;

export interface PlacementOptions<W> {
  /** The workers that run. */
  live(): readonly W[];
  /** How much of a core a worker uses, 0 to 1, over the last seconds; null: not measured yet. */
  shareOf(worker: W): number | null;
  /** A worker that uses as much takes no further peer while another uses less. 1: rooms stay where they are. */
  spillShare: number;
  /** A monotonic clock, in milliseconds. */
  now(): number;
}

/** On which worker of the host one more peer of a room goes: where its room is, until that outgrows a core. */
export class Placement<W> {
  readonly #options: PlacementOptions<W>;
  #recent: Array<{ worker: W; atMs: number }> = [];

  constructor(options: PlacementOptions<W>) {
    this.#options = options;
  }

  /** @param current - Where the room is, its home first; at least one. */
  place(current: readonly [W, ...W[]]): W {
    const { live, spillShare, now } = this.#options;
    const nowMs = now();
    this.#recent = this.#recent.filter(({ atMs }) => nowMs - atMs < UNSEEN_MS);
    const chosen =
      spillShare >= 1
        ? current[0]
        : (current.find((worker) => this.#expected(worker) < spillShare) ??
          this.#least([...current, ...live()]));
    this.#recent.push({ worker: chosen, atMs: nowMs });
    return chosen;
  }

  /** Of equals the first. */
  #least(workers: readonly W[]): W {
    return workers.reduce((least, worker) =>
      this.#expected(worker) < this.#expected(least) ? worker : least,
    );
  }

  #expected(worker: W): number {
    const unseen = this.#recent.filter((each) => each.worker === worker).length;
    return (this.#options.shareOf(worker) ?? 0) + unseen * PEER_SHARE;
  }
}
