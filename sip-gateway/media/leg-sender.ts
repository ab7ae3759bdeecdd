import { randomInt } from 'node:crypto';
import type { Codec } from '../codecs/index.ts';
import { type DtmfKey, TelephoneEventSender } from './dtmf/index.ts';
import { SampleQueue } from './jitter/index.ts';
import type { LegMedia } from './leg-types.ts';
import { SendStream, type StreamNumbers } from './rtp/index.ts';

/** Encodes 20 ms frames and sends them to the phone in packets of the duration that it requested. */
export class LegSender {
  readonly stream: SendStream;
  readonly #codec: Codec;
  readonly #send: (packet: Uint8Array) => void;
  readonly #queue: SampleQueue;
  readonly #packetSamples: number;
  readonly #packetTicks: number;
  readonly #frameTicks: number;
  readonly #events: TelephoneEventSender | undefined;
  readonly #eventPayloadType: number;

  /**
   * `numbers`: shared memory for the stream's numbers; if another thread has left a stream there, it continues. `before`: the previous
   * sender on renegotiation, whose stream continues if its clock rate is the same.
   */
  constructor(
    media: LegMedia,
    codec: Codec,
    send: (packet: Uint8Array) => void,
    numbers: StreamNumbers,
    before?: LegSender,
  ) {
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
    const requested = media.ptimeMs ?? 20;
    const ptimeMs =
      [10, 20, 30, 40, 60].includes(requested) && !(requested === 30 && codec.name === 'opus')
        ? requested
        : 20;
    this.#packetSamples = (codec.sampleRate * ptimeMs) / 1000;
    this.#packetTicks = (codec.clockRate * ptimeMs) / 1000;
    this.#frameTicks = codec.clockRate / 50;
    this.#queue = new SampleQueue(codec.sampleRate / 5);
    this.#events = media.telephoneEvent && new TelephoneEventSender(codec.clockRate);
    this.#eventPayloadType = media.telephoneEvent?.payloadType ?? 0;
  }

  /** Queues keys; returns false if the phone supports no telephone-events. */
  press(keys: Iterable<DtmfKey>): boolean {
    this.#events?.push(keys);
    return this.#events !== undefined;
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
    if (frame.length === this.#packetSamples) {
      this.#sendPacket(frame);
      return;
    }
    this.#queue.push(frame);
    while (this.#queue.length >= this.#packetSamples) {
      this.#sendPacket(this.#queue.shift(this.#packetSamples));
    }
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
