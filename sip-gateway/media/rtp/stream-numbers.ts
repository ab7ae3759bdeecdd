/**
 * A stream's next sequence number and timestamp, in memory shared between threads, so that a stream continues in another thread. If its
 * numbers jumped back, receivers would treat its packets as late, and SRTP as replayed.
 */
export class StreamNumbers {
  readonly #memory: Uint32Array<ArrayBufferLike>;

  /** @param shared memory of another StreamNumbers. Default: new. */
  constructor(shared = new SharedArrayBuffer(12)) {
    this.#memory = new Uint32Array(shared);
  }

  /** The memory, to post to another thread. */
  get shared(): SharedArrayBuffer {
    return this.#memory.buffer as SharedArrayBuffer;
  }

  /** Sets the first numbers of a stream, unless there already is one with this SSRC. */
  begin({
    ssrc,
    sequenceNumber,
    timestamp,
  }: {
    ssrc: number;
    sequenceNumber: number;
    timestamp: number;
  }): void {
    if (this.#memory[2] === ssrc) {
      return;
    }
    this.#memory[0] = sequenceNumber & 0xffff;
    this.#memory[1] = timestamp;
    this.#memory[2] = ssrc;
  }

  /** SSRC of the stream; null if there is none yet. */
  get ssrc(): number | null {
    return this.#memory[2] || null;
  }

  get sequenceNumber(): number {
    return this.#memory[0] as number;
  }

  /** RTP timestamp of the next sample, 32 bits. */
  get timestamp(): number {
    return this.#memory[1] as number;
  }

  /** Returns the next sequence number and increments it. */
  next(): number {
    const taken = this.sequenceNumber;
    this.#memory[0] = (taken + 1) & 0xffff;
    return taken;
  }

  /** The stream continues with these numbers, which wrap around by themselves. */
  continueAt(sequenceNumber: number, timestamp: number): void {
    this.#memory[0] = sequenceNumber & 0xffff;
    this.#memory[1] = timestamp;
  }

  /** Advances the timestamp, in ticks of the RTP clock. */
  advance(ticks: number): void {
    this.#memory[1] = this.timestamp + ticks;
  }
}
