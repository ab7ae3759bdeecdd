import type { Codec, Codecs } from '../../codecs/index.ts';
import type { SendStream } from '../rtp/index.ts';
import { audioLevel } from './audio-level.ts';
import { GainControl } from './gain-control.ts';
import type { RoomPort } from './room-port.ts';
import type { RoomConnection } from './room-types.ts';
import { SilenceGate } from './silence-gate.ts';

/** Opus bitrate by sample rate. */
const BITRATE_BPS: Record<number, number> = { 8000: 16_000, 16000: 24_000 };
const FULLBAND_BITRATE_BPS = 40_000;

/**
 * Sends one phone to the room: gain control, audio level, Opus at the phone's sample rate. Hardly any packets are sent during silence,
 * which is detected by level: Opus DTX would mistake a steady tone or music on hold for noise.
 */
export class Upstream {
  readonly sampleRate: number;
  readonly #stream: SendStream;
  readonly #encoder: Codec;
  readonly #frameTicks: number;
  readonly #gain = new GainControl();
  readonly #gate = new SilenceGate();

  private constructor(stream: SendStream, encoder: Codec) {
    this.sampleRate = encoder.sampleRate;
    this.#stream = stream;
    this.#encoder = encoder;
    this.#frameTicks = encoder.clockRate / 50;
  }

  static async create(
    codecs: Codecs,
    sampleRate: number,
    stream: SendStream,
    { opus = {} }: Pick<RoomConnection, 'opus'>,
  ): Promise<Upstream> {
    const encoder = await codecs.createOpus({
      sampleRate,
      bitrateBps: BITRATE_BPS[sampleRate] ?? FULLBAND_BITRATE_BPS,
      fec: true,
      expectedLossPercent: 5,
      ...opus,
    });
    return new Upstream(stream, encoder);
  }

  /** Applies gain control to the frame, in place. */
  prepare(frame: Int16Array): void {
    this.#gain.process(frame);
  }

  /** Sends a frame to the room. Null: sends nothing, and the RTP clock advances by 20 ms. */
  send(frame: Int16Array | null, port: RoomPort): void {
    if (!frame) {
      this.#stream.pause(this.#frameTicks);
      return;
    }
    const level = audioLevel(frame);
    if (this.#gate.isClosed(level)) {
      this.#stream.pause(this.#frameTicks);
      return;
    }
    const payload = this.#encoder.encode(frame);
    if (payload.length <= 2) {
      this.#stream.pause(this.#frameTicks);
      return;
    }
    port.send(this.#stream, payload, level);
    this.#stream.advance(this.#frameTicks);
  }

  close(): void {
    this.#encoder.close();
  }
}
