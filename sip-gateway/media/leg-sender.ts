import { randomInt } from 'node:crypto';
import type { Codec, CodecName, Resampler } from '../codecs/index.ts';
import { type DtmfKey, TelephoneEventSender } from './dtmf/index.ts';
import { SampleQueue } from './jitter/index.ts';
import type { LegMedia } from './leg-types.ts';
import { SendStream, type StreamNumbers } from './rtp/index.ts';

export interface LegSenderOptions {
  media: LegMedia;
  /** Owned by the sender. */
  codec: Codec;
  send: (packet: Uint8Array) => void;
  /** Shared memory for the stream's numbers; if another thread has left a stream there, it continues. */
  numbers: StreamNumbers;
  /** The previous sender on renegotiation, whose stream continues if its clock rate is the same. */
  before?: LegSender;
  /** Resamples frames to the codec's rate. Owned by the sender. Default: they have that rate. */
  resampler?: Resampler;
}

/** Encodes 20 ms frames and sends them to the phone in packets of the duration that it requested. */
export class LegSender {
  readonly stream: SendStream;
  readonly #codec: Codec;
  readonly #send: (packet: Uint8Array) => void;
  readonly #resampler: Resampler | undefined;
  readonly #queue: SampleQueue;
  readonly #packetSamples: number;
  readonly #packetTicks: number;
  readonly #frameTicks: number;
  readonly #events: TelephoneEventSender | undefined;
  readonly #eventPayloadType: number;

  constructor({ media, codec, send, numbers, before, resampler }: LegSenderOptions) {
    this.#codec = codec;
    this.#send = send;
    this.stream =
      before && before.#codec.clockRate === codec.clockRate
        ? before.stream
        : new SendStream({
            ssrc: (before ? null : numbers.ssrc) ?? randomInt(1, 2 ** 32),
            payloadType: media.payloadType,
            firstSequenceNumber: randomInt(2 ** 15),
            firstTimestamp: randomInt(2 ** 32),
            numbers,
          });
    this.stream.payloadType = media.payloadType;
    this.#resampler = resampler;
    const ptimeMs = packetMs(codec.name, media.ptimeMs);
    this.#packetSamples = (codec.sampleRate * ptimeMs) / 1000;
    this.#packetTicks = (codec.clockRate * ptimeMs) / 1000;
    this.#frameTicks = codec.clockRate / 50;
    this.#queue = new SampleQueue(codec.sampleRate / 5);
    this.#events = media.telephoneEvent && new TelephoneEventSender(media.telephoneEvent.clockRate);
    this.#eventPayloadType = media.telephoneEvent?.payloadType ?? 0;
  }

  /** Queues keys; returns false if the phone supports no telephone-events. */
  press(keys: Iterable<DtmfKey>): boolean {
    this.#events?.push(keys);
    return this.#events !== undefined;
  }

  /** The phone asks for this mode of the codec. */
  requestMode(mode: number): void {
    this.#codec.requestMode?.(mode);
  }

  /** Sends a frame of 20 ms. Null: sends nothing, and the RTP clock advances. */
  write(frame: Int16Array | null): void {
    if (this.#events?.busy) {
      for (const event of this.#events.tick(this.stream.timestamp)) {
        const { payload, timestamp, marker } = event;
        this.#send(this.stream.eventPacket(payload, this.#eventPayloadType, timestamp, marker));
      }
      this.#skip();
      return;
    }
    if (!frame) {
      this.#skip();
      return;
    }
    const samples = this.#resampler?.process(frame) ?? frame;
    if (samples.length === this.#packetSamples && this.#queue.length === 0) {
      this.#sendPacket(samples);
      return;
    }
    this.#queue.push(samples);
    while (this.#queue.length >= this.#packetSamples) {
      this.#sendPacket(this.#queue.shift(this.#packetSamples));
    }
  }

  close(): void {
    this.#codec.close();
    this.#resampler?.close();
  }

  #sendPacket(samples: Int16Array): void {
    const payload = this.#codec.encode(samples);
    // With DTX, the Opus encoder returns at most 2 bytes for a frame that need not be sent.
    if (this.#codec.name === 'opus' && payload.length <= 2) {
      this.stream.pause(this.#packetTicks);
      return;
    }
    this.#send(this.stream.packet(payload));
    this.stream.advance(this.#packetTicks);
  }

  #skip(): void {
    this.#queue.clear();
    this.stream.pause(this.#frameTicks);
  }
}

/** The requested duration of packets in milliseconds if the codec has it, or else 20. */
function packetMs(name: CodecName, requested = 20): number {
  const possible =
    name === 'opus' ? [10, 20, 40, 60] : isFramed(name) ? [20, 40, 60] : [10, 20, 30, 40, 50, 60];
  return possible.includes(requested) ? requested : 20;
}

/** Whether the codec has frames of 20 ms. */
function isFramed(name: CodecName): boolean {
  return /^(?:GSM|speex|AMR-WB)/.test(name);
}
