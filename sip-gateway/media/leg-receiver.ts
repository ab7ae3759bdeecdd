import { TelephoneEventReceiver } from './dtmf/index.ts';
import type { Playout } from './jitter/index.ts';
import type { LegEvent, VoiceTap } from './leg-types.ts';
import type { MediaLog } from './media-log.ts';
import { ReceivedVoice } from './received-voice.ts';
import {
  ReceiveStatistics,
  type ReceptionSummary,
  type RtpPacket,
  SequenceUnwrapper,
  TimestampUnwrapper,
} from './rtp/index.ts';

/** The content of packets with one payload type. */
export type ReceivedKind = ReceivedVoice | { content: 'keys' | 'noise'; clockRate: number };

/** Sequence numbers further ahead than this do not continue a stream (RFC 3550 A.1, MAX_DROPOUT). */
const MAX_DROPOUT = 3_000;

/**
 * Dispatches a phone's packets by payload type to voice, keys and comfort noise, and counts them. The phone may switch to another
 * negotiated codec with any packet (RFC 3264 §7).
 */
export class LegReceiver {
  ssrc: number | undefined;
  bytes = 0;
  packets = 0;
  unknown = 0;
  lossFraction = 0;
  /** Gets each packet of the stream. */
  tap: VoiceTap | undefined;
  /** By payload type. */
  #kinds: ReadonlyArray<ReceivedKind | undefined> = [];
  #voices: readonly ReceivedVoice[] = [];
  readonly #emit: (event: LegEvent) => void;
  readonly #log: MediaLog;
  readonly #keys = new TelephoneEventReceiver();
  readonly #statistics: ReceiveStatistics;
  readonly #sequences = new SequenceUnwrapper();
  readonly #timestamps = new TimestampUnwrapper();
  /** The codec of the newest voice packet. */
  #voice: ReceivedVoice;
  #newestSequence = Number.NEGATIVE_INFINITY;
  #lastSequenceNumber = 0;
  #newSsrc: number | undefined;

  /** `kinds`: by negotiated payload type. `voice`: the expected codec. */
  constructor(
    kinds: ReadonlyMap<number, ReceivedKind>,
    voice: ReceivedVoice,
    emit: (event: LegEvent) => void,
    log: MediaLog,
  ) {
    this.#log = log;
    this.#voice = voice;
    this.#emit = emit;
    this.#statistics = new ReceiveStatistics(voice.codec.clockRate);
    this.#accept(kinds);
  }

  get voices(): readonly ReceivedVoice[] {
    return this.#voices;
  }

  /**
   * The negotiated formats have changed; the stream goes on. Voices that are among them keep their state, the others are closed. The phone
   * is expected to send `voice` if its present codec is not among them.
   */
  renegotiate(kinds: ReadonlyMap<number, ReceivedKind>, voice: ReceivedVoice): void {
    const before = this.#voices;
    this.#accept(kinds);
    if (!this.#voices.includes(this.#voice)) {
      this.#switchTo(voice);
    }
    for (const each of before) {
      if (!this.#voices.includes(each)) {
        each.close();
      }
    }
  }

  #accept(kinds: ReadonlyMap<number, ReceivedKind>): void {
    this.#kinds = Array.from({ length: 128 }, (_, payloadType) => kinds.get(payloadType));
    this.#voices = [...new Set([...kinds.values()].filter((kind) => kind instanceof ReceivedVoice))];
  }

  /** The playout of the codec that the phone currently sends. */
  get playout(): Playout {
    return this.#voice.playout;
  }

  /** The mode of our codec that the phone asks for. */
  get requestedMode(): number | undefined {
    return this.#voice.codec.requestedMode;
  }

  /** Packets and frames, summed over all codecs. */
  get counts(): { late: number; malformed: number; concealed: number; restored: number } {
    const sums = { late: 0, malformed: 0, concealed: 0, restored: 0 };
    for (const { playout } of this.#voices) {
      sums.late += playout.jitter.late + playout.jitter.discarded;
      sums.malformed += playout.counts.malformed;
      sums.concealed += playout.counts.concealed;
      sums.restored += playout.counts.restored;
    }
    return sums;
  }

  /** Whether this payload type was negotiated. */
  knows(payloadType: number): boolean {
    return this.#kinds[payloadType] !== undefined;
  }

  /** Whether a packet has the stream's SSRC and closely follows its last one. */
  continues({ ssrc, sequenceNumber }: RtpPacket): boolean {
    const ahead = (sequenceNumber - this.#lastSequenceNumber) & 0xffff;
    return ssrc === this.ssrc && ahead > 0 && ahead < MAX_DROPOUT;
  }

  /** Handles a packet from an accepted source. */
  receive(packet: RtpPacket, nowMs: number): void {
    const kind = this.#kinds[packet.payloadType];
    if (!kind) {
      this.unknown++;
      this.#log.debug({ payloadType: packet.payloadType }, 'packet with an unnegotiated payload type');
      return;
    }
    if (!this.#follow(packet.ssrc)) {
      return;
    }
    this.packets++;
    this.bytes += packet.payload.length;
    this.#lastSequenceNumber = packet.sequenceNumber;
    const verdict = this.#sequences.push(packet.sequenceNumber);
    if (verdict.kind === 'stray') {
      this.#log.debug({ sequenceNumber: packet.sequenceNumber }, 'stray packet dropped');
      return;
    }
    if (verdict.kind === 'restart') {
      this.#statistics.restart();
      this.#keys.renumber();
      this.playout.restart();
      this.#newestSequence = Number.NEGATIVE_INFINITY;
    }
    const sequence = verdict.extended;
    if (kind instanceof ReceivedVoice) {
      this.#receiveVoice(kind, packet, sequence, nowMs);
    } else {
      // All packets of a key press carry the timestamp of its start, so they are useless for measuring jitter.
      this.#statistics.received(sequence, undefined, nowMs);
      if (kind.content === 'noise') {
        this.tap?.comfortNoise();
        this.playout.insertNoise(packet, sequence, kind.clockRate);
      } else {
        this.tap?.keys(sequence);
        const { timestamp, payload } = packet;
        const presses = this.#keys.receive({ sequence, timestamp, payload }, kind.clockRate, nowMs);
        for (const press of presses) {
          this.#emit({ type: 'key', way: 'event', ...press });
        }
      }
    }
  }

  /** The next 20 ms from the phone; null while it is silent. */
  read(nowMs: number): Int16Array | null {
    for (const press of this.#keys.expire(nowMs)) {
      this.#emit({ type: 'key', way: 'event', ...press });
    }
    const frame = this.#voice.read(nowMs);
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

  close(): void {
    for (const voice of this.#voices) {
      voice.close();
    }
  }

  #receiveVoice(voice: ReceivedVoice, packet: RtpPacket, sequence: number, nowMs: number): void {
    if (sequence > this.#newestSequence) {
      this.#newestSequence = sequence;
      if (voice !== this.#voice) {
        this.#switchTo(voice);
      }
    }
    this.tap?.voice(packet, sequence, voice.codec.name);
    const current = voice === this.#voice;
    this.#statistics.received(sequence, current ? this.#timestamps.push(packet.timestamp) : undefined, nowMs);
    // Packets of the previous codec that are still in flight arrive too late.
    if (current) {
      voice.playout.insert(packet, sequence, nowMs);
    }
  }

  /** The phone has switched codecs, which needs no signalling. */
  #switchTo(voice: ReceivedVoice): void {
    this.#voice = voice;
    voice.playout.clear();
    this.#timestamps.reset();
    this.#statistics.setClockRate(voice.codec.clockRate);
  }

  /** Accepts a new SSRC only after two consecutive packets with it, so that a stray packet changes nothing (threat 21). */
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
      this.#log.debug({ ssrc }, 'phone started a new stream');
      this.playout.restart();
      this.#statistics.restart();
      this.#sequences.reset();
      this.#timestamps.reset();
      for (const press of this.#keys.restart()) {
        this.#emit({ type: 'key', way: 'event', ...press });
      }
    }
    this.ssrc = ssrc;
    this.#newSsrc = undefined;
    return true;
  }
}
