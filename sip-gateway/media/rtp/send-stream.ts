import { buildRtp, type ExtensionElement } from '../../../base/rtp/index.ts';
import { StreamNumbers } from './stream-numbers.ts';

const NO_EXTENSIONS: readonly ExtensionElement[] = [];

export interface SendStreamOptions {
  ssrc: number;
  payloadType: number;
  /** Random starts (RFC 3550 §5.1). */
  firstSequenceNumber: number;
  firstTimestamp: number;
  /** Header extension id of the audio level (RFC 6464), 1 to 14. Default: packets carry none. */
  audioLevelExtensionId?: number;
  /** Memory for the stream's numbers. If it holds a stream with this SSRC, that one continues instead of starting afresh. Default: new. */
  numbers?: StreamNumbers;
}

export interface AudioLevel {
  /** In −dBov: 0 is the loudest, 127 silence. */
  levelDbov: number;
  voice: boolean;
}

/** Numbers of a packet that continues another stream. They wrap around by themselves. */
export interface ForwardedNumbers {
  sequenceNumber: number;
  timestamp: number;
  /** Duration of the packet, in ticks of the RTP clock. */
  ticks: number;
  /** Whether no later packet was sent before. */
  isNewest: boolean;
  marker: boolean;
  level: AudioLevel;
}

/** One outgoing RTP stream: sequence numbers, timestamps, counters. advance() moves its clock, whether packets are sent or not. */
export class SendStream {
  readonly ssrc: number;
  packets = 0;
  payloadBytes = 0;
  /** Header extension with the audio level, rewritten for each packet. */
  readonly #level: Array<{ id: number; value: Uint8Array }> | undefined;
  readonly #numbers: StreamNumbers;
  #payloadType: number;
  #talkspurt = true;

  constructor(options: SendStreamOptions) {
    this.ssrc = options.ssrc;
    this.#numbers = options.numbers ?? new StreamNumbers();
    this.#numbers.begin({
      ssrc: options.ssrc,
      sequenceNumber: options.firstSequenceNumber,
      timestamp: options.firstTimestamp,
    });
    this.#payloadType = options.payloadType;
    const { audioLevelExtensionId: id } = options;
    if (id !== undefined && !(id >= 1 && id <= 14)) {
      throw new RangeError(`a header extension id of ${id} is not 1 to 14`);
    }
    if (id !== undefined) {
      this.#level = [{ id, value: new Uint8Array(1) }];
    }
  }

  /** RTP timestamp of the next sample, 32 bits. */
  get timestamp(): number {
    return this.#numbers.timestamp;
  }

  /** Sequence number of the next packet, 16 bits. */
  get nextSequenceNumber(): number {
    return this.#numbers.sequenceNumber;
  }

  set payloadType(payloadType: number) {
    this.#payloadType = payloadType;
  }

  /** Builds the next packet, at the current timestamp. The marker is set after a pause (RFC 3551 §4.1). */
  packet(payload: Uint8Array, level?: AudioLevel): Uint8Array {
    const marker = this.#talkspurt;
    this.#talkspurt = false;
    return this.#serialize(payload, this.#payloadType, this.timestamp, marker, level);
  }

  /** Builds a packet with another payload type and timestamp, but the next sequence number, e.g. for telephone-event (RFC 4733 §2.2). */
  eventPacket(payload: Uint8Array, payloadType: number, timestamp: number, marker: boolean): Uint8Array {
    this.#talkspurt = true;
    return this.#serialize(payload, payloadType, timestamp, marker);
  }

  /**
   * Builds a packet with numbers of another stream, which this one continues. `ticks`: its duration. After the newest packet, this stream's
   * own numbers follow it.
   */
  forward(
    payload: Uint8Array,
    { sequenceNumber, timestamp, ticks, isNewest, marker, level }: ForwardedNumbers,
  ): Uint8Array {
    this.#talkspurt = false;
    if (isNewest) {
      this.#numbers.continueAt(sequenceNumber + 1, timestamp + ticks);
    }
    return this.#serialize(
      payload,
      this.#payloadType,
      timestamp >>> 0,
      marker,
      level,
      sequenceNumber & 0xffff,
    );
  }

  /** Advances the timestamp, in ticks of the RTP clock. */
  advance(ticks: number): void {
    this.#numbers.advance(ticks);
  }

  /** Advances the timestamp without a packet; the next packet starts a talkspurt. */
  pause(ticks: number): void {
    this.#talkspurt = true;
    this.advance(ticks);
  }

  #serialize(
    payload: Uint8Array,
    payloadType: number,
    timestamp: number,
    marker: boolean,
    level?: AudioLevel,
    sequenceNumber = this.#numbers.next(),
  ) {
    let extensions: readonly ExtensionElement[] = NO_EXTENSIONS;
    const element = level && this.#level?.[0];
    if (element && this.#level) {
      element.value[0] = (level.voice ? 0x80 : 0) | level.levelDbov;
      extensions = this.#level;
    }
    const bytes = buildRtp({
      payloadType,
      marker,
      sequenceNumber,
      timestamp,
      ssrc: this.ssrc,
      extensions,
      payload: [payload],
    });
    this.packets++;
    this.payloadBytes += payload.length;
    return bytes;
  }
}
