import { buildRtp } from '../../base/rtp/index.ts';

/** Payload type of a test stream at its producer. */
export const TEST_PAYLOAD_TYPE = 96;
const CLOCK_RATE = 90_000;
const RTP_HEADER_BYTES = 12;

/**
 * VP8 payload descriptor and frame header (RFC 7741 sections 4.2 and 4.3): of the first packet of a key frame, which the worker waits for,
 * and of the packets after it. The frame never ends, so the client decodes nothing.
 */
const FIRST = Buffer.from([0x10, 0x00]);
const NEXT = Buffer.from([0x00]);

/** Packets of one size at an even rate. */
export interface TestLoad {
  packets: number;
  /** Size of each packet, RTP header included, in bytes. */
  packetBytes: number;
  durationMs: number;
}

export interface SentLoad {
  packets: number;
  durationMs: number;
}

/** Sends test packets: a video frame that never ends. */
export class TestStream {
  readonly #ssrc: number;
  readonly #send: (packet: Buffer) => void;
  #sequenceNumber = 0;
  #closed = false;

  constructor(ssrc: number, send: (packet: Buffer) => void) {
    this.#ssrc = ssrc;
    this.#send = send;
  }

  /** Sends the load. Resolves when all is sent, or the stream has closed, with what was sent and how long it took: longer on a busy server. */
  async run({ packets, packetBytes, durationMs }: TestLoad): Promise<SentLoad> {
    const startMs = performance.now();
    let sent = 0;
    while (sent < packets && !this.#closed) {
      // Timers drift: what is due depends on the start only.
      const elapsedMs = performance.now() - startMs;
      const due = Math.min(packets, Math.floor((elapsedMs / durationMs) * packets) + 1);
      for (; sent < due; sent++) {
        this.#send(this.#packet(packetBytes));
      }
      await new Promise((resolve) => setTimeout(resolve, Math.max(5, durationMs / packets)));
    }
    return { packets: sent, durationMs: performance.now() - startMs };
  }

  close(): void {
    this.#closed = true;
  }

  #packet(bytes: number): Buffer {
    const head = this.#sequenceNumber === 0 ? FIRST : NEXT;
    return buildRtp({
      payloadType: TEST_PAYLOAD_TYPE,
      marker: false,
      sequenceNumber: this.#sequenceNumber++,
      // Clients compute the jitter from it.
      timestamp: Math.round((performance.now() * CLOCK_RATE) / 1000) % 2 ** 32,
      ssrc: this.#ssrc,
      extensions: [],
      payload: [head, Buffer.alloc(bytes - RTP_HEADER_BYTES - head.length)],
    });
  }
}
