import { randomBytes } from 'node:crypto';
import type { Codec, CodecName, Codecs } from '../codecs/index.ts';
import type { DtmfKey } from './dtmf/index.ts';
import { LegReceiver, type ReceivedKind } from './leg-receiver.ts';
import { LegSender } from './leg-sender.ts';
import type { LegEvent, LegMedia, LegStats, Prompt, ReceiveFormat } from './leg-types.ts';
import { Limiter } from './mixer/index.ts';
import { bindPair, type Network, type PortRange, type UdpPort } from './network/index.ts';
import { PromptPlayer } from './prompt-player.ts';
import { ReceivedVoice } from './received-voice.ts';
import {
  type Endpoint,
  estimateMos,
  looksLikeRtcp,
  parseRtp,
  RtcpSession,
  SourceLock,
  type StreamNumbers,
} from './rtp/index.ts';

const REPORT_EVERY_MS = 5_000;
/** The mix is lowered by 12 dB under a prompt. */
const UNDER_PROMPT = 0.25;

/** Everything that start() recreates. */
interface Session {
  media: LegMedia;
  codec: Codec;
  receiver: LegReceiver;
  sender: LegSender;
  prompts: PromptPlayer;
  limiter: Limiter;
  out: Int16Array;
  mix: Float32Array;
}

/** One phone's RTP session: its sockets, codec, jitter buffer, keys, prompts and statistics. Lives in the media thread. */
export class Leg {
  /** The phone's voice does not reach the room. */
  mutedToRoom = false;
  /** The phone hears prompts only. */
  mutedToPhone = false;
  #rtp: UdpPort | undefined;
  #rtcp: UdpPort | undefined;
  readonly #codecs: Codecs;
  readonly #numbers: StreamNumbers;
  readonly #emit: (event: LegEvent) => void;
  readonly #cname = randomBytes(8).toString('hex');
  #session: Session | undefined;
  #lock: SourceLock | undefined;
  #rtcpSession: RtcpSession | undefined;
  #malformed = 0;
  #nextReportMs = 0;
  #remoteLossFraction: number | null = null;
  #roundTripMs: number | null = null;
  #lastHeardMs: number | undefined;
  #lastRtcpMs: number | undefined;
  /** Error raised by a packet from the phone. read() throws it, so that all faults of a leg take the same path. */
  #fault: { error: unknown } | undefined;
  #closed = false;

  private constructor(codecs: Codecs, numbers: StreamNumbers, emit: (event: LegEvent) => void) {
    this.#codecs = codecs;
    this.#numbers = numbers;
    this.#emit = emit;
  }

  /**
   * Binds the sockets, so that offer or answer can name their ports. Throws when no pair of ports is free. `numbers`: memory for those
   * of its stream, which goes on with them if the leg was elsewhere before.
   */
  static async open(
    codecs: Codecs,
    network: Network,
    ip: string,
    ports: PortRange,
    numbers: StreamNumbers,
    emit: (event: LegEvent) => void,
  ): Promise<Leg> {
    const leg = new Leg(codecs, numbers, emit);
    const { rtp, rtcp } = await bindPair(
      network,
      ip,
      ports,
      (datagram, source, arrivalMs) => leg.#onDatagram(datagram, source, arrivalMs, false),
      (datagram, source, arrivalMs) => leg.#onDatagram(datagram, source, arrivalMs, true),
    );
    leg.#rtp = rtp;
    leg.#rtcp = rtcp;
    return leg;
  }

  get port(): number {
    return this.#rtp?.port ?? 0;
  }

  /** Rate of what read() gives and write() takes; 0 before start(). */
  get sampleRate(): number {
    return this.#session?.codec.sampleRate ?? 0;
  }

  /**
   * Begins the media that was agreed, or changes it after a re-INVITE; a codec that stays keeps its state. `source`: where the phone was
   * heard from while the leg was elsewhere.
   */
  async start(media: LegMedia, source?: Endpoint): Promise<void> {
    const now = performance.now();
    const before = this.#session;
    const rules = { expected: media.remote, signallingAddress: media.signallingAddress };
    if (before && sameCodec(before.media, media)) {
      before.media = { ...media };
      this.#lock?.update(rules);
      return;
    }
    const codec = await this.#codecs.createCodec(media.codec, {
      sampleRate: media.opusSampleRate ?? 48_000,
      ...media.opus,
    });
    const receiver = await this.#makeReceiver(media, codec);
    if (this.#closed) {
      receiver.close();
      return;
    }
    const frame = codec.sampleRate / 50;
    before?.receiver.close();
    before?.prompts.stop();
    this.#session = {
      media: { ...media },
      codec,
      receiver,
      sender: new LegSender(
        media,
        codec,
        (packet) => this.#rtp?.send(packet, this.#lock?.target ?? media.remote),
        this.#numbers,
        before?.sender,
      ),
      prompts: new PromptPlayer(this.#codecs, codec.sampleRate, this.#emit),
      limiter: new Limiter(codec.sampleRate),
      out: new Int16Array(frame),
      mix: new Float32Array(frame),
    };
    if (this.#lock) this.#lock.update(rules);
    else this.#lock = new SourceLock({ ...rules, learnt: source }, now);
    // Its silence counts from now.
    if (source) this.#lastHeardMs = now;
    this.#rtcpSession = new RtcpSession(this.#session.sender.stream.ssrc, this.#cname);
    this.#nextReportMs = now + REPORT_EVERY_MS / 2;
  }

  /**
   * The next 20 ms from the phone to the room; null while it is silent, muted or on hold. Valid until the next call. An error thrown by
   * read() or write() is a fault of this leg: close it.
   */
  read(nowMs: number): Int16Array | null {
    if (this.#fault) throw this.#fault.error;
    const frame = this.#session?.receiver.read(nowMs) ?? null;
    if (this.mutedToRoom || this.#session?.media.receive === false) return null;
    return frame;
  }

  /** Sends 20 ms to the phone: `mix` less `own`, which is what the phone said itself, and any prompt. */
  write(mix: Float32Array | null, own: Int16Array | null, nowMs: number): void {
    const session = this.#session;
    if (!session) return;
    const { sender, prompts, limiter, out, mix: sum } = session;
    if (nowMs >= this.#nextReportMs) this.#report(nowMs);
    if (session.media.send === false) {
      sender.write(null);
      return;
    }
    if (!mix || this.mutedToPhone) sum.fill(0);
    else if (own) for (let i = 0; i < sum.length; i++) sum[i] = (mix[i] as number) - (own[i] as number);
    else sum.set(mix);
    if (prompts.playing) {
      for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) * UNDER_PROMPT;
      prompts.addTo(sum);
    }
    limiter.process(sum, out);
    sender.write(out);
  }

  play(prompt: Prompt): void {
    this.#session?.prompts.play(prompt);
  }

  stopPrompt(promptId?: string): void {
    this.#session?.prompts.stop(promptId);
  }

  /** Presses keys towards the phone; false when it takes no telephone-events. */
  press(keys: DtmfKey[]): boolean {
    return this.#session?.sender.press(keys) ?? false;
  }

  stats(nowMs: number): LegStats | null {
    const session = this.#session;
    if (!session) return null;
    const { receiver, sender, media } = session;
    const { counts } = receiver;
    const delayMs = receiver.playout.delayMs + 20 + (this.#roundTripMs ?? 0) / 2;
    return {
      packetsReceived: receiver.packets,
      packetsSent: sender.stream.packets,
      bytesReceived: receiver.bytes,
      bytesSent: sender.stream.payloadBytes,
      packetsLost: receiver.lost,
      packetsLate: counts.late,
      packetsRejected: this.#lock?.rejected ?? 0,
      packetsMalformed: this.#malformed + receiver.unknown + counts.malformed,
      framesConcealed: counts.concealed,
      packetsRestored: counts.restored,
      jitterMs: receiver.jitterMs,
      bufferMs: receiver.playout.delayMs,
      lossFraction: receiver.lossFraction,
      remoteLossFraction: this.#remoteLossFraction,
      roundTripMs: this.#roundTripMs,
      mos: estimateMos({ codec: media.codec, lossFraction: receiver.lossFraction, delayMs }),
      silentMs: this.#lastHeardMs === undefined ? null : nowMs - this.#lastHeardMs,
      rtcpSilentMs: this.#lastRtcpMs === undefined ? null : nowMs - this.#lastRtcpMs,
    };
  }

  /** Sends an RTCP BYE and frees everything. */
  close(): void {
    if (this.#closed) return;
    try {
      if (this.#rtcpSession) this.#sendRtcp(this.#rtcpSession.bye());
      this.#session?.prompts.stop();
    } finally {
      this.release();
    }
  }

  /** Frees everything without an RTCP BYE, so that the leg can continue elsewhere. */
  release(): void {
    this.#closed = true;
    try {
      this.#session?.receiver.close();
      this.#session = undefined;
    } finally {
      this.#rtp?.close();
      this.#rtcp?.close();
    }
  }

  /** Makes the receiver for the formats that the phone may send. Owns `codec`. */
  async #makeReceiver(media: LegMedia, codec: Codec): Promise<LegReceiver> {
    const voices = new Map<CodecName, ReceivedVoice>();
    const kinds = new Map<number, ReceivedKind>();
    const voice = new ReceivedVoice(this.#codecs, codec, codec.sampleRate);
    voices.set(media.codec, voice);
    try {
      for (const { kind, payloadType, clockRate } of media.receiveFormats ?? sentFormats(media, codec)) {
        if (kind === 'telephone-event') {
          kinds.set(payloadType, { clockRate });
          continue;
        }
        const { sampleRate } = codec;
        const known =
          voices.get(kind) ??
          new ReceivedVoice(
            this.#codecs,
            await this.#codecs.createCodec(kind, { sampleRate }),
            codec.sampleRate,
          );
        voices.set(kind, known);
        kinds.set(payloadType, known);
      }
    } catch (error) {
      for (const made of voices.values()) made.close();
      throw error;
    }
    const { comfortNoisePayloadType: noise } = media;
    if (noise !== undefined && !kinds.has(noise)) kinds.set(noise, 'comfort-noise');
    return new LegReceiver(kinds, voice, this.#emit);
  }

  #onDatagram(datagram: Uint8Array, source: Endpoint, nowMs: number, rtcpPort: boolean): void {
    if (this.#closed) return;
    try {
      if (rtcpPort || looksLikeRtcp(datagram)) this.#onRtcp(datagram, source, nowMs);
      else this.#onRtp(datagram, source, nowMs);
    } catch (error) {
      this.#fault ??= { error };
    }
  }

  #onRtp(datagram: Uint8Array, source: Endpoint, nowMs: number): void {
    const session = this.#session;
    const lock = this.#lock;
    if (!session || !lock) return;
    const packet = parseRtp(datagram);
    if (!packet) this.#malformed++;
    const { receiver } = session;
    const valid = packet !== null && receiver.knows(packet.payloadType);
    const before = lock.learnt;
    if (!lock.accepts(source, valid, nowMs, valid && receiver.continues(packet))) return;
    const { learnt } = lock;
    if (learnt && learnt !== before) this.#emit({ type: 'source', ...learnt });
    // Any packet counts: unknown payload types also serve to keep NATs and firewalls open (RFC 6263).
    this.#lastHeardMs = nowMs;
    if (packet) receiver.receive(packet, nowMs);
  }

  #onRtcp(datagram: Uint8Array, source: Endpoint, nowMs: number): void {
    if (!this.#rtcpSession || !this.#lock?.acceptsRtcp(source)) return;
    const news = this.#rtcpSession.receive(datagram, nowMs, Date.now());
    if (!news) {
      this.#malformed++;
      return;
    }
    this.#lastHeardMs = nowMs;
    this.#lastRtcpMs = nowMs;
    if (news.remote) this.#remoteLossFraction = news.remote.fractionLost;
    if (news.roundTripMs !== undefined) this.#roundTripMs = news.roundTripMs;
  }

  #report(nowMs: number): void {
    const { receiver, sender } = this.#session as Session;
    this.#nextReportMs = nowMs + REPORT_EVERY_MS * (0.5 + Math.random());
    const blocks = receiver.ssrc === undefined ? [] : [{ ssrc: receiver.ssrc, summary: receiver.report() }];
    if (this.#rtcpSession) this.#sendRtcp(this.#rtcpSession.report(nowMs, Date.now(), blocks, sender.stream));
  }

  #sendRtcp(packet: Uint8Array): void {
    const media = this.#session?.media;
    const target = this.#lock?.target;
    if (!media || !target) return;
    if (media.rtcpMux) this.#rtp?.send(packet, target);
    else this.#rtcp?.send(packet, media.remoteRtcp ?? { address: target.address, port: target.port + 1 });
  }
}

/** The formats that the phone may send if they are the same as ours. */
function sentFormats({ codec: kind, payloadType, telephoneEvent }: LegMedia, codec: Codec): ReceiveFormat[] {
  return [
    { kind, payloadType, clockRate: codec.clockRate },
    ...(telephoneEvent ? [{ kind: 'telephone-event' as const, ...telephoneEvent }] : []),
  ];
}

/** Whether a renegotiation (hold, resume, a new address) leaves the encoder and decoders unchanged. */
function sameCodec(a: LegMedia, b: LegMedia): boolean {
  const essence = (media: LegMedia) =>
    JSON.stringify([
      media.codec,
      media.payloadType,
      media.receiveFormats,
      media.opusSampleRate,
      media.opus,
      media.ptimeMs,
      media.telephoneEvent,
      media.comfortNoisePayloadType,
    ]);
  return essence(a) === essence(b);
}
