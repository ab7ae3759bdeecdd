/**
 * A stream's next numbers in memory that several threads see, so that another stream of the same SSRC goes on with them: receivers take
 * numbers that jump back for old packets, and SRTP does not let them pass.
 */
export class StreamNumbers {
  readonly #memory: Uint32Array<ArrayBufferLike>;

  /** @param shared of another StreamNumbers. Default: new. */
  constructor(shared = new SharedArrayBuffer(12)) {
    this.#memory = new Uint32Array(shared);
  }

  /** To be handed to another thread. */
  get shared(): SharedArrayBuffer {
    return this.#memory.buffer as SharedArrayBuffer;
  }

  /** Sets a stream's first numbers, unless one of this SSRC has begun. */
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

  /** Of the stream that has begun; null before one has. */
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

  /** Takes the next sequence number. */
  next(): number {
    const taken = this.sequenceNumber;
    this.#memory[0] = (taken + 1) & 0xffff;
    return taken;
  }

  /** Lets time pass, in ticks of the RTP clock. */
  advance(ticks: number): void {
    this.#memory[1] = this.timestamp + ticks;
  }
}
