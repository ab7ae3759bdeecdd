import type { Codec, CodecName, Codecs } from '../codecs/index.ts';
import { type DtmfKey, InBandReceiver } from './dtmf/index.ts';
import { LegReceiver, type ReceivedKind } from './leg-receiver.ts';
import { LegSender } from './leg-sender.ts';
import type { RtpSink } from './leg-transport.ts';
import type { LegEvent, LegMedia, Prompt, ReceiveFormat } from './leg-types.ts';
import type { MediaLog } from './media-log.ts';
import { Limiter } from './mixer/index.ts';
import { PromptPlayer } from './prompt-player.ts';
import { ReceivedVoice } from './received-voice.ts';
import type { RtpPacket, StreamNumbers } from './rtp/index.ts';

/** Gain of the mix while a prompt plays (−12 dB). */
const MIX_GAIN_UNDER_PROMPT = 0.25;

export interface AudioOptions {
  codecs: Codecs;
  /** Shared memory for the outgoing stream's numbers, so that the stream continues if the leg moves to another thread. */
  numbers: StreamNumbers;
  emit: (event: LegEvent) => void;
  /** Sends a packet to the phone. */
  send: (packet: Uint8Array) => void;
  log: MediaLog;
}

/** Everything that start() recreates when the codec changes. */
interface Session {
  media: LegMedia;
  codec: Codec;
  sampleRate: number;
  receiver: LegReceiver;
  /** Recognizes keys by their tones. */
  tones: InBandReceiver | undefined;
  sender: LegSender;
  prompts: PromptPlayer;
  limiter: Limiter;
  out: Int16Array;
  silence: Float32Array;
}

/** One phone's audio: codecs, jitter buffer, keys, prompts. Handles packets, not addresses. */
export class LegAudio implements RtpSink {
  /** The room does not hear the phone. */
  mutedToRoom = false;
  /** The phone hears prompts only. */
  mutedToPhone = false;
  readonly #options: AudioOptions;
  #session: Session | undefined;
  #closed = false;

  constructor(options: AudioOptions) {
    this.#options = options;
  }

  /** Sample rate of read() and write(), in Hz; 0 before start(). */
  get sampleRate(): number {
    return this.#session?.sampleRate ?? 0;
  }

  /** Undefined before start(). */
  get session(): Readonly<Pick<Session, 'media' | 'receiver' | 'sender'>> | undefined {
    return this.#session;
  }

  /**
   * Starts the negotiated media, or changes it after a re-INVITE. An unchanged codec keeps its state. Resolves with false if the leg was
   * closed in the meantime.
   */
  async start(media: LegMedia): Promise<boolean> {
    const { codecs, numbers, emit, send } = this.#options;
    const before = this.#session;
    if (before && sameCodec(before.media, media)) {
      before.media = { ...media };
      return true;
    }
    const codec = await codecs.createCodec(media.codec, {
      sampleRate: media.opusSampleRate ?? 48_000,
      ...media.opus,
      speexQuality: media.speexQuality,
    });
    const sampleRate = mixRate(codec);
    const receiver = await this.#makeReceiver(media, codec, sampleRate);
    if (this.#closed) {
      receiver.close();
      return false;
    }
    const frame = sampleRate / 50;
    const resampler =
      codec.sampleRate === sampleRate ? undefined : codecs.createResampler(sampleRate, codec.sampleRate);
    before?.receiver.close();
    before?.tones?.close();
    before?.sender.close();
    before?.prompts.stop();
    this.#session = {
      media: { ...media },
      codec,
      sampleRate,
      receiver,
      tones: media.inBandKeys ? InBandReceiver.create(codecs, sampleRate) : undefined,
      sender: new LegSender({ media, codec, send, numbers, before: before?.sender, resampler }),
      prompts: new PromptPlayer(codecs, sampleRate, emit),
      limiter: new Limiter(sampleRate),
      out: new Int16Array(frame),
      silence: new Float32Array(frame),
    };
    return true;
  }

  knows(payloadType: number): boolean {
    return this.#session?.receiver.knows(payloadType) ?? false;
  }

  continues(packet: RtpPacket): boolean {
    return this.#session?.receiver.continues(packet) ?? false;
  }

  receive(packet: RtpPacket, nowMs: number): void {
    this.#session?.receiver.receive(packet, nowMs);
  }

  /** The next 20 ms from the phone to the room; null while it is silent, muted or on hold. Valid until the next call. */
  read(nowMs: number): Int16Array | null {
    const session = this.#session;
    const frame = session?.receiver.read(nowMs) ?? null;
    for (const press of session?.tones?.receive(frame) ?? []) {
      this.#options.emit({ type: 'key', way: 'tone', ...press });
    }
    if (this.mutedToRoom || session?.media.receive === false) {
      return null;
    }
    return frame;
  }

  /** Sends the next 20 ms to the phone: `mix`, which is modified in place, and any prompt. */
  write(mix: Float32Array | null): void {
    const session = this.#session;
    if (!session) {
      return;
    }
    const { sender, prompts, limiter, out, silence } = session;
    if (session.media.send === false) {
      sender.write(null);
      return;
    }
    let sum = mix;
    if (!sum || this.mutedToPhone) {
      silence.fill(0);
      sum = silence;
    }
    if (prompts.playing) {
      for (let i = 0; i < sum.length; i++) {
        sum[i] = (sum[i] as number) * MIX_GAIN_UNDER_PROMPT;
      }
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

  /** Sends keys to the phone; returns false if it supports no telephone-events. */
  press(keys: DtmfKey[]): boolean {
    return this.#session?.sender.press(keys) ?? false;
  }

  close(): void {
    this.#closed = true;
    const session = this.#session;
    this.#session = undefined;
    session?.receiver.close();
    session?.tones?.close();
    session?.sender.close();
  }

  /** Creates the receiver for all formats that the phone may send. Takes ownership of `codec`. */
  async #makeReceiver(media: LegMedia, codec: Codec, sampleRate: number): Promise<LegReceiver> {
    const { codecs, emit, log } = this.#options;
    const voices = new Map<CodecName, ReceivedVoice>();
    const kinds = new Map<number, ReceivedKind>();
    const voice = new ReceivedVoice(codecs, codec, sampleRate);
    voices.set(media.codec, voice);
    try {
      for (const { kind, payloadType, clockRate } of media.receiveFormats ?? sentFormats(media, codec)) {
        if (kind === 'telephone-event') {
          kinds.set(payloadType, { clockRate });
          continue;
        }
        const known =
          voices.get(kind) ??
          new ReceivedVoice(codecs, await codecs.createCodec(kind, { sampleRate }), sampleRate);
        voices.set(kind, known);
        kinds.set(payloadType, known);
      }
    } catch (error) {
      for (const created of voices.values()) {
        created.close();
      }
      throw error;
    }
    const { comfortNoisePayloadType: noise } = media;
    if (noise !== undefined && !kinds.has(noise)) {
      kinds.set(noise, 'comfort-noise');
    }
    return new LegReceiver(kinds, voice, emit, log);
  }
}

/** Rooms are mixed at the rates of Opus, which has no 32000 Hz. */
function mixRate({ sampleRate }: Codec): number {
  return sampleRate === 32_000 ? 48_000 : sampleRate;
}

/** The formats that we send. */
function sentFormats({ codec: kind, payloadType, telephoneEvent }: LegMedia, codec: Codec): ReceiveFormat[] {
  return [
    { kind, payloadType, clockRate: codec.clockRate },
    ...(telephoneEvent ? [{ kind: 'telephone-event' as const, ...telephoneEvent }] : []),
  ];
}

/** Whether a renegotiation (e.g. hold, resume, a new address) leaves the encoder and decoders unchanged. */
function sameCodec(a: LegMedia, b: LegMedia): boolean {
  const essence = (media: LegMedia) =>
    JSON.stringify([
      media.codec,
      media.payloadType,
      media.receiveFormats,
      media.opusSampleRate,
      media.opus,
      media.speexQuality,
      media.ptimeMs,
      media.telephoneEvent,
      media.comfortNoisePayloadType,
      media.inBandKeys,
    ]);
  return essence(a) === essence(b);
}
