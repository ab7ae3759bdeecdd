export interface SentPacket {
  pieces: Uint8Array[];
  marker: boolean;
  timestamp: number;
}

const CAPACITY = 1024;

/** The last 1,024 packets of a stream by sequence number, for retransmission. Payloads are shared with the clip, not copied. */
export class RetransmissionBuffer {
  readonly #slots: Array<{ sequence: number; packet: SentPacket } | undefined> = new Array(CAPACITY);

  add(sequence: number, packet: SentPacket): void {
    this.#slots[sequence % CAPACITY] = { sequence, packet };
  }

  get(sequence: number): SentPacket | undefined {
    const slot = this.#slots[sequence % CAPACITY];
    return slot?.sequence === sequence ? slot.packet : undefined;
  }
}
