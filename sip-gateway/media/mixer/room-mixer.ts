import type { Network } from '../../../base/udp/index.ts';
import type { CodecName, Codecs } from '../../codecs/index.ts';
import { RoomCipher, type RoomEpoch, type RoomSource } from '../encryption/index.ts';
import type { MediaLog } from '../media-log.ts';
import { type RtpPacket, StreamNumbers } from '../rtp/index.ts';
import { type Announcement, Announcer } from './announcer.ts';
import { type ForwardedLeg, ForwardedUpstream } from './forwarded-upstream.ts';
import { MixBuses } from './mix-buses.ts';
import type { PayloadTransform } from './payload-transform.ts';
import { RoomPort } from './room-port.ts';
import type { RoomConnection, RoomStats } from './room-types.ts';
import { Speaker } from './speaker.ts';
import { Upstream } from './upstream.ts';

/** A leg, as the mixer needs it. */
export interface MixedLeg extends Partial<ForwardedLeg> {
  /** 8000, 16000 or 48000 Hz; 0 while the leg has no codec. */
  readonly sampleRate: number;
  read(nowMs: number): Int16Array | null;
  /** Sends the next 20 ms of the other voices. The leg may modify `mix` in place. */
  write(mix: Float32Array | null, nowMs: number): void;
}

/** How a leg's packets are forwarded to the room as they are. */
export interface Forwarding {
  codec: CodecName;
  payloadType: number;
}

/** Called once for a leg that threw, after it has left the room. */
export type LegFaultHandler = (leg: MixedLeg, fault: unknown) => void;

export interface MixerOptions {
  codecs: Codecs;
  network: Network;
  ip: string;
  /** 0 (default): any free one. */
  port?: number;
  onLegFault?: LegFaultHandler;
  log: MediaLog;
}

interface Member {
  leg: MixedLeg;
  ssrc: number;
  numbers: StreamNumbers;
  /** Undefined: it is converted to the room's codec. */
  forwarding: Forwarding | undefined;
  /** Undefined until its encoder is created, and while the leg has no codec. */
  up: Upstream | ForwardedUpstream | undefined;
  /** The encoder is being created. */
  creating: boolean;
  frame: Int16Array | null;
  /** The error it threw in this tick. It is skipped from then on and removed at the end of the tick. */
  fault: { error: unknown } | undefined;
}

/** The room forwards fewer speakers at once. More are a bug or an attack. */
const MAX_SPEAKERS = 32;
const SPEAKER_IDLE_MS = 10_000;
/** A voice has larger samples than this; a speaker pauses between words for less than this, in milliseconds. */
const VOICE_PEAK = 600;
const VOICE_PAUSE_MS = 800;
/** Average interval of RTCP reports (RFC 3550 §6.2). */
const REPORT_INTERVAL_MS = 5_000;

/**
 * Mixes one room for its phones. Every 20 ms, it decodes each speaker of the room once, at the highest sample rate of the phones; sums the
 * voices once per rate; sends each phone the sum minus its own voice; and sends each phone to the room as one Opus stream. If a leg or
 * speaker throws, only that one is removed (threat 51).
 */
export class RoomMixer {
  readonly #codecs: Codecs;
  readonly #onLegFault: LegFaultHandler;
  readonly #log: MediaLog;
  readonly #members = new Map<MixedLeg, Member>();
  readonly #speakers = new Map<number, Speaker>();
  readonly #buses: MixBuses;
  readonly #announcer: Announcer;
  readonly #cipher = new RoomCipher();
  #port: RoomPort | undefined;
  /** Sample rates of the buses: those of the legs, and `#roomRate`. */
  readonly #rates = new Set<number>();
  /** Sample rate at which speakers are decoded, in Hz. */
  #roomRate = 0;
  #nextReportMs = 0;
  #lastVoiceMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  private constructor({ codecs, onLegFault = () => {}, log }: MixerOptions) {
    this.#codecs = codecs;
    this.#onLegFault = onLegFault;
    this.#log = log;
    this.#buses = new MixBuses(codecs);
    this.#announcer = new Announcer(codecs);
  }

  static async open(options: MixerOptions): Promise<RoomMixer> {
    const mixer = new RoomMixer(options);
    const { network, ip, port = 0, log } = options;
    const onPacket = (packet: RtpPacket, nowMs: number) => mixer.#onPacket(packet, nowMs);
    mixer.#port = await RoomPort.open({ network, ip, port, cipher: mixer.#cipher, onPacket, log });
    return mixer;
  }

  get port(): number {
    return this.#port?.port ?? 0;
  }

  get legs(): number {
    return this.#members.size;
  }

  connect(connection: RoomConnection, transform?: PayloadTransform): void {
    this.#port?.connect(connection, transform);
  }

  /** The latest keys of an encrypted room, oldest first; none: nothing is sent or heard any more. */
  setEpochs(epochs: readonly RoomEpoch[], nowMs: number): void {
    this.#cipher.setEpochs(epochs);
    this.#port?.keysChanged(nowMs);
  }

  /** Who sends what in an encrypted room. Nothing else is heard. */
  setSources(sources: readonly RoomSource[]): void {
    this.#cipher.setSources(sources);
  }

  /**
   * Adds a leg, or changes what it sends to the room. `ssrc`: of its producer in the room. `numbers`: of its stream, which continues if
   * another mixer had the leg before. `forwarding`: its packets are forwarded as they are.
   */
  add(leg: MixedLeg, ssrc: number, numbers = new StreamNumbers(), forwarding?: Forwarding): void {
    const before = this.#members.get(leg);
    if (before) {
      before.up?.close();
      this.#port?.closeStream(before.ssrc);
    }
    this.#members.set(leg, {
      leg,
      ssrc,
      numbers,
      forwarding,
      up: undefined,
      creating: false,
      frame: null,
      fault: undefined,
    });
  }

  remove(leg: MixedLeg): void {
    const member = this.#members.get(leg);
    if (!member) {
      return;
    }
    this.#members.delete(leg);
    member.up?.close();
    this.#port?.closeStream(member.ssrc);
    this.#rates.clear();
    if (this.#members.size > 0) {
      return;
    }
    this.#roomRate = 0;
    this.#announcer.stop();
    this.#forgetSpeakers(() => true);
  }

  /** Plays an announcement, of one or several sounds, to all phones, beneath the voices. The room's other participants do not hear it. */
  announce(...sounds: Announcement[]): void {
    if (this.#members.size > 0 && !this.#closed) {
      this.#announcer.play(sounds);
    }
  }

  /** Mixes the next 20 ms. */
  tick(nowMs: number): void {
    if (this.#members.size === 0 || this.#closed) {
      return;
    }
    this.#prepare();
    this.#buses.begin(this.#rates);
    for (const speaker of this.#speakers.values()) {
      this.#readSpeaker(speaker, nowMs);
    }
    for (const member of this.#members.values()) {
      this.#read(member, nowMs);
    }
    if (this.#announcer.playing && this.#roomRate > 0) {
      const frame = this.#announcer.read(this.#roomRate, this.#someoneSpeaks(nowMs));
      this.#buses.add(this.#roomRate, frame);
    }
    this.#buses.exchange(this.#rates);
    // Send to the phones first: it is cheap, and people notice delay there most.
    for (const member of this.#members.values()) {
      this.#write(member, nowMs);
    }
    let faults = false;
    for (const member of this.#members.values()) {
      this.#sendUp(member);
      if (member.fault) {
        faults = true;
      }
    }
    if (faults) {
      this.#dropFaulty();
    }
    if (nowMs >= this.#nextReportMs) {
      this.#report(nowMs);
    }
  }

  stats(): RoomStats {
    const speakers = [...this.#speakers.values()];
    return {
      legs: this.#members.size,
      speakers: speakers.length,
      packetsReceived: this.#port?.packetsReceived ?? 0,
      packetsSent: this.#port?.packetsSent ?? 0,
      packetsRejected: this.#port?.rejected ?? 0,
      packetsLost: speakers.reduce(
        (sum, { statistics }) => sum + statistics.expected - statistics.packets,
        0,
      ),
      framesConcealed: speakers.reduce((sum, { playout }) => sum + (playout?.counts.concealed ?? 0), 0),
      jitterMs: Math.max(0, ...speakers.map(({ statistics }) => statistics.jitterMs)),
      bufferMs: Math.max(0, ...speakers.map(({ playout }) => playout?.delayMs ?? 0)),
      encryption: structuredClone(this.#cipher.counts),
    };
  }

  close(): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    try {
      for (const leg of [...this.#members.keys()]) {
        this.remove(leg);
      }
      this.#forgetSpeakers(() => true);
      this.#buses.close();
    } finally {
      this.#cipher.close();
      this.#port?.close();
    }
  }

  /** Creates encoders and decoders for the legs' current sample rates. */
  #prepare(): void {
    let highest = 0;
    for (const member of this.#members.values()) {
      const { sampleRate } = member.leg;
      if (sampleRate === 0) {
        continue;
      }
      this.#rates.add(sampleRate);
      if (sampleRate > highest) {
        highest = sampleRate;
      }
      if (member.up?.sampleRate !== sampleRate && !member.creating && this.#port?.connection) {
        this.#createUpstream(member);
      }
    }
    if (highest > this.#roomRate) {
      this.#roomRate = highest;
      for (const speaker of this.#speakers.values()) {
        this.#decode(speaker);
      }
    }
    if (this.#roomRate > 0) {
      this.#rates.add(this.#roomRate);
    }
  }

  #someoneSpeaks(nowMs: number): boolean {
    if (this.#buses.peak() > VOICE_PEAK) {
      this.#lastVoiceMs = nowMs;
    }
    return nowMs - this.#lastVoiceMs < VOICE_PAUSE_MS;
  }

  #readSpeaker(speaker: Speaker, nowMs: number): void {
    try {
      const frame = speaker.read(nowMs);
      if (frame) {
        this.#buses.add(frame.length * 50, frame);
      }
    } catch (error) {
      this.#dropSpeaker(speaker, error);
    }
  }

  #read(member: Member, nowMs: number): void {
    member.frame = null;
    try {
      const frame = member.leg.read(nowMs);
      if (!frame) {
        return;
      }
      member.up?.prepare(frame);
      this.#buses.add(member.leg.sampleRate, frame);
      member.frame = frame;
    } catch (error) {
      member.fault = { error };
    }
  }

  #write(member: Member, nowMs: number): void {
    if (member.fault) {
      return;
    }
    const { leg, frame } = member;
    try {
      leg.write(this.#buses.without(frame, leg.sampleRate), nowMs);
    } catch (error) {
      member.fault = { error };
    }
  }

  #sendUp(member: Member): void {
    if (member.fault || !this.#port) {
      return;
    }
    try {
      member.up?.send(member.frame, this.#port);
    } catch (error) {
      member.fault = { error };
    }
  }

  #dropFaulty(): void {
    for (const { leg, fault } of [...this.#members.values()]) {
      if (!fault) {
        continue;
      }
      try {
        this.remove(leg);
      } finally {
        this.#onLegFault(leg, fault.error);
      }
    }
  }

  #createUpstream(member: Member): void {
    const port = this.#port as RoomPort;
    member.creating = true;
    member.up?.close();
    member.up = undefined;
    this.#openUpstream(member, port).then(
      (up) => {
        member.creating = false;
        if (this.#members.get(member.leg) === member) {
          member.up = up;
        } else {
          up.close();
        }
      },
      // The settings were checked when the room was connected, so memory is short. The next tick retries.
      (error: unknown) => {
        member.creating = false;
        this.#log.warn(
          { ssrc: member.ssrc, err: error },
          'could not create the encoder of a phone; retrying',
        );
      },
    );
  }

  #openUpstream(
    { leg, ssrc, numbers, forwarding }: Member,
    port: RoomPort,
  ): Promise<Upstream | ForwardedUpstream> {
    const stream = port.openStream(ssrc, numbers, forwarding?.payloadType);
    const { sampleRate } = leg;
    if (!forwarding || !isForwarded(leg)) {
      return Upstream.create(this.#codecs, sampleRate, stream, port.connection ?? {});
    }
    const { codec } = forwarding;
    return ForwardedUpstream.create(this.#codecs, { leg, sampleRate, stream, port, codec });
  }

  #onPacket(packet: RtpPacket, nowMs: number): void {
    if (this.#members.size === 0) {
      return;
    }
    let speaker = this.#speakers.get(packet.ssrc);
    if (!speaker) {
      if (this.#speakers.size >= MAX_SPEAKERS) {
        this.#log.warn({ ssrc: packet.ssrc }, 'too many speakers at once; phones will not hear this one');
        return;
      }
      speaker = new Speaker(packet.ssrc, nowMs);
      this.#speakers.set(packet.ssrc, speaker);
      if (this.#roomRate > 0) {
        this.#decode(speaker);
      }
    }
    try {
      speaker.receive(packet, nowMs);
    } catch (error) {
      this.#dropSpeaker(speaker, error);
    }
  }

  #decode(speaker: Speaker): void {
    speaker.decodeAt(this.#codecs, this.#roomRate).catch((error: unknown) => {
      this.#dropSpeaker(speaker, error);
    });
  }

  #dropSpeaker(speaker: Speaker, error: unknown): void {
    this.#log.warn({ ssrc: speaker.ssrc, err: error }, 'speaker could not be decoded; dropped');
    speaker.close();
    this.#speakers.delete(speaker.ssrc);
  }

  #report(nowMs: number): void {
    this.#nextReportMs = nowMs + REPORT_INTERVAL_MS * (0.5 + Math.random());
    this.#forgetSpeakers((speaker) => nowMs - speaker.lastPacketMs > SPEAKER_IDLE_MS);
    const sources = [...this.#speakers.values()].map(({ ssrc, statistics }) => ({
      ssrc,
      summary: statistics.report(),
    }));
    this.#port?.report(sources, nowMs);
  }

  #forgetSpeakers(which: (speaker: Speaker) => boolean): void {
    for (const [ssrc, speaker] of this.#speakers) {
      if (!which(speaker)) {
        continue;
      }
      speaker.close();
      this.#speakers.delete(ssrc);
    }
  }
}

function isForwarded(leg: MixedLeg): leg is MixedLeg & ForwardedLeg {
  return leg.requireProcessing !== undefined;
}
