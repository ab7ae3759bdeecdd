/** Expected load of a peer until it is measured, as a share of a core: 25 people with video need about a quarter. */
const PEER_SHARE = 0.01;
/** How long until a peer shows in the measurement, in milliseconds. */
const UNSEEN_MS = 5000;

export interface PlacementOptions<W> {
  /** The live workers. */
  live(): readonly W[];
  /** Share of a core a worker has used over the last seconds, 0 to 1; null: not measured yet. */
  shareOf(worker: W): number | null;
  /** A worker that uses this share of a core gets no further peers while another uses less. 1: rooms stay on one worker. */
  spillShare: number;
  /** A monotonic clock, in milliseconds. */
  now(): number;
}

/** Chooses the worker of the host for one more peer of a room: where the room is, until it outgrows a core. */
export class Placement<W> {
  readonly #options: PlacementOptions<W>;
  #recent: Array<{ worker: W; atMs: number }> = [];

  constructor(options: PlacementOptions<W>) {
    this.#options = options;
  }

  /** @param current - the room's workers, its home first */
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

  /** The least loaded worker; the first one if several are equal. */
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
