import { parseRtp, readExtension } from '../../base/rtp/index.ts';

/** Without levels: maximum payload size of an Opus packet of silence, in bytes. */
const SILENCE_BYTES = 10;
/** Without levels: a packet after a longer gap, in milliseconds, may be one of the few that DTX sends during silence. */
const GAP_MS = 100;
const SILENCE_DBOV = -127;
/** Without levels: assumed level of anything but silence. A clear voice with levels exceeds it. */
const ASSUMED_DBOV = -34;

/**
 * Reads the audio level of one microphone's packets: from the header extension of RFC 6464, or estimated from Opus packet sizes if the
 * client does not send it.
 */
export class LevelReader {
  readonly #extensionId: number | undefined;
  #lastPacketMs = Number.NEGATIVE_INFINITY;

  /** @param extensionId - the negotiated id of `ssrc-audio-level`; undefined: not negotiated */
  constructor(extensionId: number | undefined) {
    this.#extensionId = extensionId;
  }

  /**
   * The level in dBov, 0 to −127; undefined if the datagram is not RTP. The voice activity flag is ignored: many senders never set it, some
   * always do.
   */
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
