import { buildRtp, type ExtensionElement } from '../../../base/rtp/index.ts';
import { StreamNumbers } from './stream-numbers.ts';

const NO_EXTENSIONS: readonly ExtensionElement[] = [];

export interface SendStreamOptions {
  ssrc: number;
  payloadType: number;
  /** Random starts (RFC 3550 §5.1). */
  firstSequenceNumber: number;
  firstTimestamp: number;
  /** Id of the header extension for audio levels (RFC 6464), when packets shall carry them. */
  audioLevelExtensionId?: number;
  /** Where it keeps its numbers; those that stand there go on, whatever the first were to be. Default: memory of its own. */
  numbers?: StreamNumbers;
}

export interface AudioLevel {
  /** Loudness below overload, in −dBov: 0 is the loudest, 127 silence. */
  levelDbov: number;
  voice: boolean;
}

/** One RTP stream that is sent: numbering, timestamps, counters. Time passes by advance(), whether packets are sent or not. */
export class SendStream {
  readonly ssrc: number;
  packets = 0;
  payloadBytes = 0;
  /** The audio level's extension, rewritten for each packet. */
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

  set payloadType(payloadType: number) {
    this.#payloadType = payloadType;
  }

  /** Makes the next packet, at the stream's timestamp. Its marker is set after a pause (RFC 3551 §4.1). */
  packet(payload: Uint8Array, level?: AudioLevel): Uint8Array {
    const marker = this.#talkspurt;
    this.#talkspurt = false;
    return this.#serialize(payload, this.#payloadType, this.timestamp, marker, level);
  }

  /** Makes a packet of another payload type in the same numbering, as for telephone-event (RFC 4733 §2.2). */
  eventPacket(payload: Uint8Array, payloadType: number, timestamp: number, marker: boolean): Uint8Array {
    this.#talkspurt = true;
    return this.#serialize(payload, payloadType, timestamp, marker);
  }

  /** Lets time pass, in ticks of the RTP clock. */
  advance(ticks: number): void {
    this.#numbers.advance(ticks);
  }

  /** Time passes without a packet: the next one begins a talkspurt. */
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
      sequenceNumber: this.#numbers.next(),
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
