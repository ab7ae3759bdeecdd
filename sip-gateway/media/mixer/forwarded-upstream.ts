import type { Codec, CodecName, Codecs } from '../../codecs/index.ts';
import type { VoiceTap } from '../leg-types.ts';
import type { RtpPacket, SendStream } from '../rtp/index.ts';
import { audioLevel } from './audio-level.ts';
import { GainControl } from './gain-control.ts';
import type { RoomPort } from './room-port.ts';
import { SilenceGate } from './silence-gate.ts';

/** With a gain beyond this, in dB, the phone's sound must be processed: it is too quiet or too loud. */
const MAX_GAIN_DB = 6;
/** A packet further ahead, or behind, belongs to another stream (RFC 3550 A.1). */
const MAX_JUMP = 3_000;

/** A leg whose packets can be forwarded. */
export interface ForwardedLeg {
  /** Gets each packet from the phone that the room may hear. */
  tap: VoiceTap | undefined;
  /** The phone's sound cannot be forwarded as it is. */
  requireProcessing(reason: 'gain' | 'comfort-noise' | 'codec'): void;
}

export interface ForwardedUpstreamOptions {
  leg: ForwardedLeg;
  sampleRate: number;
  stream: SendStream;
  port: RoomPort;
  codec: CodecName;
}

/**
 * Sends one phone to the room as the packets that it sent, when they arrive: without a jitter buffer, gain control and encoder. Only their
 * headers are new, with the level of their sound. Keys, and silence as in Upstream, are left out without a gap in the sequence numbers.
 */
export class ForwardedUpstream {
  readonly sampleRate: number;
  readonly #options: ForwardedUpstreamOptions;
  /** Decodes for the level only. */
  readonly #codec: Codec;
  readonly #gain = new GainControl();
  readonly #gate = new SilenceGate();
  /** What is added to the phone's numbers; undefined until its first packet. */
  #offset: { sequence: number; timestamp: number } | undefined;
  #newest = 0;
  /** The newest packet that was left out: earlier ones cannot be forwarded any more. */
  #leftOut = Number.NEGATIVE_INFINITY;
  #isTalkspurt = true;
  #forwarded = false;

  private constructor(options: ForwardedUpstreamOptions, codec: Codec) {
    this.sampleRate = options.sampleRate;
    this.#options = options;
    this.#codec = codec;
    const { leg } = options;
    leg.tap = {
      voice: (packet, sequence, name) => this.#receive(packet, sequence, name),
      keys: (sequence) => this.#leaveOut(sequence),
      comfortNoise: () => leg.requireProcessing('comfort-noise'),
    };
  }

  static async create(codecs: Codecs, options: ForwardedUpstreamOptions): Promise<ForwardedUpstream> {
    return new ForwardedUpstream(options, await codecs.createCodec(options.codec));
  }

  /** Applies gain control to the frame that the other phones hear, in place. */
  prepare(frame: Int16Array): void {
    if (Math.abs(this.#gain.process(frame)) > MAX_GAIN_DB) {
      this.#options.leg.requireProcessing('gain');
    }
  }

  /** A tick without a packet: the RTP clock advances by 20 ms. */
  send(): void {
    if (!this.#forwarded) {
      this.#options.stream.pause(this.#codec.clockRate / 50);
      this.#isTalkspurt = true;
    }
    this.#forwarded = false;
  }

  close(): void {
    this.#options.leg.tap = undefined;
    this.#codec.close();
  }

  #receive(packet: RtpPacket, sequence: number, name: CodecName): void {
    const { leg, stream, port, codec } = this.#options;
    if (name !== codec) {
      leg.requireProcessing('codec');
      this.#leaveOut(sequence);
      return;
    }
    this.#follow(packet, sequence);
    const level = this.#levelOf(packet.payload);
    if (!this.#offset || !level || sequence <= this.#leftOut || this.#gate.isClosed(level)) {
      this.#leaveOut(sequence);
      return;
    }
    this.#forwarded = true;
    const datagram = stream.forward(packet.payload, {
      sequenceNumber: sequence + this.#offset.sequence,
      timestamp: packet.timestamp + this.#offset.timestamp,
      ticks: this.#codec.durationTicks(packet.payload),
      isNewest: sequence > this.#newest,
      marker: this.#isTalkspurt || packet.marker,
      level,
    });
    this.#newest = Math.max(this.#newest, sequence);
    this.#isTalkspurt = false;
    port.forward(datagram);
  }

  /** Continues our stream with the phone's, which may have begun just now. */
  #follow({ timestamp }: RtpPacket, sequence: number): void {
    const { stream } = this.#options;
    if (this.#offset && Math.abs(sequence - this.#newest) < MAX_JUMP) {
      return;
    }
    this.#offset = {
      sequence: stream.nextSequenceNumber - sequence,
      timestamp: stream.timestamp - timestamp,
    };
    this.#newest = sequence - 1;
    this.#leftOut = Number.NEGATIVE_INFINITY;
  }

  #levelOf(payload: Uint8Array) {
    try {
      return audioLevel(this.#codec.decode(payload));
    } catch (error) {
      if (error instanceof RangeError) {
        return undefined;
      }
      throw error;
    }
  }

  #leaveOut(sequence: number): void {
    this.#isTalkspurt = true;
    if (!this.#offset || sequence <= this.#newest) {
      return;
    }
    // Only packets that never arrived leave a gap.
    this.#offset.sequence -= 1;
    this.#newest = sequence;
    this.#leftOut = sequence;
  }
}
