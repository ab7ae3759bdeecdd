interface Entry {
  atMs: number;
  /** Keeps entries with equal times in the order of insertion. */
  serial: number;
  deliver: () => void;
}

/** Runs callbacks at their times, in order, with one timer (a binary heap by time). */
export class DeliveryQueue {
  readonly #heap: Entry[] = [];
  readonly #nowMs: () => number;
  #serial = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  add(atMs: number, deliver: () => void): void {
    if (this.#closed) {
      return;
    }
    // Delivered immediately only if nothing is waiting, to keep the order.
    if (this.#heap.length === 0 && atMs <= this.#nowMs()) {
      deliver();
      return;
    }
    this.#push({ atMs, serial: this.#serial++, deliver });
    this.#arm();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#heap.length = 0;
  }

  #arm(): void {
    const first = this.#heap[0];
    if (!first || first.atMs >= this.#timerAtMs) {
      return;
    }
    clearTimeout(this.#timer);
    this.#timerAtMs = first.atMs;
    this.#timer = setTimeout(() => this.#run(), Math.max(0, first.atMs - this.#nowMs()));
  }

  #run(): void {
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    // Timers fire up to a millisecond early or late; half of one splits the error evenly.
    const dueMs = this.#nowMs() + 0.5;
    for (let first = this.#heap[0]; first && first.atMs <= dueMs; first = this.#heap[0]) {
      this.#pop();
      first.deliver();
      if (this.#closed) {
        return;
      }
    }
    this.#arm();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(entry, heap[parent] as Entry)) {
        break;
      }
      heap[index] = heap[parent] as Entry;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) {
      return;
    }
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) {
        break;
      }
      if (child + 1 < heap.length && before(heap[child + 1] as Entry, heap[child] as Entry)) {
        child++;
      }
      if (!before(heap[child] as Entry, last)) {
        break;
      }
      heap[index] = heap[child] as Entry;
      index = child;
    }
    heap[index] = last;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.serial < b.serial);
}
