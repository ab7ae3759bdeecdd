import { parseRtp, readExtension } from '../../base/rtp/index.ts';

/** Without levels: what Opus sends in a silence is no larger than this, in bytes of payload. */
const SILENCE_BYTES = 10;
/** Without levels: a packet after a longer gap, in ms, may be one of the few that keep a silence up to date. */
const GAP_MS = 100;
const SILENCE_DBOV = -127;
/** Without levels: anything that is not silence counts as this loud, which a clear voice with levels exceeds. */
const ASSUMED_DBOV = -34;

/** Reads how loud the packets of one microphone are: from RFC 6464's header extension, or from the sizes of Opus where a client has none. */
export class LevelReader {
  readonly #extensionId: number | undefined;
  #lastPacketMs = Number.NEGATIVE_INFINITY;

  /** @param extensionId - Of `ssrc-audio-level`, as negotiated; undefined: not negotiated. */
  constructor(extensionId: number | undefined) {
    this.#extensionId = extensionId;
  }

  /** The level in dBov, 0 to −127; undefined for what is no RTP. The voice flag is left out: many senders never set it, some always do. */
  read(bytes: Buffer, nowMs: number): number | undefined {
    const packet = parseRtp(bytes);
    if (!packet) {
      return undefined;
    }
    const gapMs = nowMs - this.#lastPacketMs;
    this.#lastPacketMs = nowMs;
    const [level] =
      (this.#extensionId !== undefined && readExtension(bytes, packet, this.#extensionId)) || [];
    if (level !== undefined) {
      return -(level & 0x7f);
    }
    const silent = packet.payload.byteLength <= SILENCE_BYTES || gapMs > GAP_MS;
    return silent ? SILENCE_DBOV : ASSUMED_DBOV;
  }
}
