import type { Codec } from '../codecs/index.ts';
import { TelephoneEventReceiver } from './dtmf/index.ts';
import { Playout } from './jitter/index.ts';
import type { LegEvent, LegMedia } from './leg-types.ts';
import {
  type ReceivedPacket,
  ReceiveStatistics,
  type ReceptionSummary,
  SequenceUnwrapper,
  TimestampUnwrapper,
} from './rtp/index.ts';

/** Sorts a phone's packets by payload type into voice, keys and comfort noise, and counts them. */
export class LegReceiver {
  readonly playout: Playout;
  ssrc: number | undefined;
  bytes = 0;
  packets = 0;
  unknown = 0;
  lastPacketMs: number | undefined;
  lossFraction = 0;
  readonly #media: LegMedia;
  readonly #voice: number;
  readonly #keysPayloadType: number | undefined;
  readonly #emit: (event: LegEvent) => void;
  readonly #keys: TelephoneEventReceiver | undefined;
  readonly #statistics: ReceiveStatistics;
  readonly #sequences = new SequenceUnwrapper();
  readonly #timestamps = new TimestampUnwrapper();
  #newSsrc: number | undefined;

  constructor(media: LegMedia, codec: Codec, emit: (event: LegEvent) => void) {
    const { telephoneEvent } = media;
    this.#media = media;
    this.#voice = media.receivePayloadType ?? media.payloadType;
    this.#keysPayloadType = telephoneEvent?.receivePayloadType ?? telephoneEvent?.payloadType;
    this.#emit = emit;
    this.playout = new Playout({ codec });
    this.#statistics = new ReceiveStatistics(codec.clockRate);
    this.#keys = media.telephoneEvent && new TelephoneEventReceiver(media.telephoneEvent.clockRate);
  }

  /** Whether this payload type was agreed. */
  knows(payloadType: number): boolean {
    return (
      payloadType === this.#voice ||
      payloadType === this.#keysPayloadType ||
      payloadType === this.#media.comfortNoisePayloadType
    );
  }

  /** Takes a packet of the call's own source. */
  receive(packet: ReceivedPacket, nowMs: number): void {
    if (!this.knows(packet.payloadType)) {
      this.unknown++;
      return;
    }
    if (!this.#follow(packet.ssrc)) return;
    this.packets++;
    this.bytes += packet.payload.length;
    this.lastPacketMs = nowMs;
    this.#count(packet, nowMs);
    if (packet.payloadType === this.#voice) {
      this.playout.insert(packet, nowMs);
    } else if (packet.payloadType === this.#media.comfortNoisePayloadType) {
      const level = packet.payload[0];
      if (level !== undefined) this.playout.comfortNoise(Math.max(30, level & 0x7f));
    } else {
      for (const press of this.#keys?.receive(packet.timestamp, packet.payload, nowMs) ?? []) {
        this.#emit({ type: 'key', ...press });
      }
    }
  }

  /** The next 20 ms of the phone, null when it is silent. */
  read(nowMs: number): Int16Array | null {
    if (this.#keys) for (const press of this.#keys.expire(nowMs)) this.#emit({ type: 'key', ...press });
    const frame = this.playout.read(nowMs);
    return this.playout.active ? frame : null;
  }

  report(): ReceptionSummary {
    const summary = this.#statistics.report();
    this.lossFraction = summary.fractionLost;
    return summary;
  }

  get lost(): number {
    return Math.max(0, this.#statistics.expected - this.#statistics.packets);
  }

  get jitterMs(): number {
    return this.#statistics.jitterMs;
  }

  /** A new SSRC is a new stream once two packets in a row have it: a stray one changes nothing (threat 21). */
  #follow(ssrc: number): boolean {
    if (this.ssrc === ssrc) {
      this.#newSsrc = undefined;
      return true;
    }
    if (this.ssrc !== undefined && this.#newSsrc !== ssrc) {
      this.#newSsrc = ssrc;
      return false;
    }
    if (this.ssrc !== undefined) {
      this.playout.restart();
      this.#statistics.restart();
      this.#sequences.reset();
      this.#timestamps.reset();
      for (const press of this.#keys?.restart() ?? []) this.#emit({ type: 'key', ...press });
    }
    this.ssrc = ssrc;
    this.#newSsrc = undefined;
    return true;
  }

  #count(packet: ReceivedPacket, nowMs: number): void {
    const verdict = this.#sequences.push(packet.sequenceNumber);
    if (verdict.kind === 'stray') return;
    if (verdict.kind === 'restart') this.#statistics.restart();
    // A key's packets all bear the timestamp of its beginning: they tell nothing about jitter.
    const voice = packet.payloadType === this.#voice;
    this.#statistics.received(
      verdict.extended,
      voice ? this.#timestamps.push(packet.timestamp) : undefined,
      nowMs,
    );
  }
}
