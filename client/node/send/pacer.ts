/** Step length in milliseconds, as in libwebrtc's pacer. */
const STEP_MS = 5;
/** Maximum packets per step: about 18 Mbit/s at 1,100 bytes, well above any clip. */
const PACKETS_PER_STEP = 10;

/**
 * Spreads the packets of large frames over some milliseconds, as browsers do: a key frame sent at once would overflow socket buffers on its
 * way.
 */
export class Pacer {
  readonly #send: (packet: Buffer) => boolean;
  #queue: Buffer[] = [];
  #budget = PACKETS_PER_STEP;
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (packet: Buffer) => boolean) {
    this.#send = send;
  }

  /** Sends now or in one of the next steps. Returns false if the link is not up. */
  send(packet: Buffer): boolean {
    this.#timer ??= setTimeout(() => this.#step(), STEP_MS);
    if (this.#budget <= 0) {
      this.#queue.push(packet);
      return true;
    }
    this.#budget--;
    return this.#send(packet);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#queue = [];
  }

  #step(): void {
    this.#timer = undefined;
    const due = this.#queue.splice(0, PACKETS_PER_STEP);
    this.#budget = PACKETS_PER_STEP - due.length;
    for (const packet of due) {
      this.#send(packet);
    }
    if (due.length > 0) {
      this.#timer = setTimeout(() => this.#step(), STEP_MS);
    }
  }
}
