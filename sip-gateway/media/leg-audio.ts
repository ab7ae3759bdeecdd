import type { Codec, CodecName, Codecs } from '../codecs/index.ts';
import { type DtmfKey, InBandReceiver } from './dtmf/index.ts';
import { type HoldMusic, HoldMusicPlayer } from './hold-music.ts';
import { LegReceiver, type ReceivedKind } from './leg-receiver.ts';
import { LegSender } from './leg-sender.ts';
import type { RtpSink } from './leg-transport.ts';
import type { LegEvent, LegMedia, Prompt, ReceiveFormat, VoiceTap } from './leg-types.ts';
import type { MediaLog } from './media-log.ts';
import { Limiter } from './mixer/index.ts';
import { PromptPlayer } from './prompt-player.ts';
import { ReceivedVoice } from './received-voice.ts';
import type { RtpPacket, StreamNumbers } from './rtp/index.ts';
import { VoiceRecorder } from './voice-recorder.ts';

/** Gain of the mix while a prompt plays (−12 dB). */
const MIX_GAIN_UNDER_PROMPT = 0.25;

export interface AudioOptions {
  codecs: Codecs;
  /** Shared memory for the outgoing stream's numbers, so that the stream continues if the leg moves to another thread. */
  numbers: StreamNumbers;
  emit: (event: LegEvent) => void;
  /** Sends a packet to the phone. */
  send: (packet: Uint8Array) => void;
  /** Default: silence. */
  holdMusic?: HoldMusic;
  log: MediaLog;
}

/** What the phone may send, by payload type, and the codec that it is expected to send. */
interface Formats {
  kinds: ReadonlyMap<number, ReceivedKind>;
  voice: ReceivedVoice;
}

/** Everything that depends on the negotiated media. */
interface Session {
  media: LegMedia;
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
  readonly #holdMusic: HoldMusicPlayer | undefined;
  #session: Session | undefined;
  #recorder: VoiceRecorder | undefined;
  /** Changes are made one after another. */
  #started: Promise<unknown> = Promise.resolve();
  #closed = false;
  #tap: VoiceTap | undefined;
  /** The phone's sound cannot be forwarded as it is, which was reported. */
  #isProcessed = false;

  constructor(options: AudioOptions) {
    this.#options = options;
    this.#holdMusic = options.holdMusic && new HoldMusicPlayer(options.holdMusic);
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
  start(media: LegMedia): Promise<boolean> {
    const started = this.#started.then(() => this.#start(media));
    this.#started = started.catch(() => {});
    return started;
  }

  async #start(media: LegMedia): Promise<boolean> {
    const before = this.#session;
    if (before && sameCodec(before.media, media)) {
      before.media = { ...media };
      return true;
    }
    const encoder = await this.#options.codecs.createCodec(media.codec, {
      sampleRate: media.opusSampleRate ?? 48_000,
      ...media.opus,
      speexQuality: media.speexQuality,
      amr: media.amr,
    });
    const created: Array<Codec | ReceivedVoice> = [encoder];
    try {
      const formats = await this.#makeFormats(media, encoder, created);
      if (!this.#closed) {
        this.#begin(media, encoder, formats);
        return true;
      }
    } catch (error) {
      close(created);
      throw error;
    }
    close(created);
    return false;
  }

  #begin(media: LegMedia, encoder: Codec, { kinds, voice }: Formats): void {
    const { codecs, numbers, emit, send, log } = this.#options;
    const sampleRate = mixRate(encoder);
    const before = this.#session;
    const resampler =
      encoder.sampleRate === sampleRate ? undefined : codecs.createResampler(sampleRate, encoder.sampleRate);
    const sender = new LegSender({ media, codec: encoder, send, numbers, before: before?.sender, resampler });
    const prompts = before?.prompts ?? new PromptPlayer(codecs, sampleRate, emit);
    const receiver = before?.receiver ?? new LegReceiver(kinds, voice, emit, log);
    if (before) {
      prompts.changeRate(sampleRate);
      receiver.renegotiate(kinds, voice);
      before.tones?.close();
      before.sender.close();
    }
    for (const each of receiver.voices) {
      each.changeRate(sampleRate);
    }
    receiver.tap = this.#tap;
    this.#isProcessed = false;
    this.#session = {
      media: { ...media },
      sampleRate,
      receiver,
      tones: media.inBandKeys ? InBandReceiver.create(codecs, sampleRate) : undefined,
      sender,
      prompts,
      limiter: new Limiter(sampleRate),
      out: new Int16Array(sampleRate / 50),
      silence: new Float32Array(sampleRate / 50),
    };
  }

  /** Gets what the phone sends while the room may hear it. */
  set tap(tap: VoiceTap | undefined) {
    const isHeard = () => !this.mutedToRoom && this.#session?.media.receive !== false;
    this.#tap = tap && {
      voice: (packet, sequence, codec) =>
        isHeard() ? tap.voice(packet, sequence, codec) : tap.keys(sequence),
      keys: (sequence) => tap.keys(sequence),
      comfortNoise: () => tap.comfortNoise(),
    };
    if (this.#session) {
      this.#session.receiver.tap = this.#tap;
    }
  }

  /** The phone's sound cannot be forwarded as it is. Reported once per negotiated codec. */
  requireProcessing(reason: 'gain' | 'comfort-noise' | 'codec'): void {
    if (!this.#isProcessed) {
      this.#isProcessed = true;
      this.#options.emit({ type: 'processed', reason });
    }
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
    this.#record(frame);
    if (this.mutedToRoom || session?.media.receive === false) {
      return null;
    }
    return frame;
  }

  /** Records what the phone says, for at most this time. It ends earlier after a silence. The event `recorded` follows. */
  record(maxMs: number): void {
    this.#recorder = new VoiceRecorder(this.#options.codecs, this.sampleRate, maxMs);
  }

  /** Ends the recording now. */
  stopRecording(): void {
    const recorder = this.#recorder;
    this.#recorder = undefined;
    if (recorder) {
      this.#options.emit({ type: 'recorded', sound: recorder.finish() });
    }
  }

  #record(frame: Int16Array | null): void {
    const recorder = this.#recorder;
    // The codec may have changed meanwhile.
    if (recorder && (recorder.sampleRate !== this.sampleRate || recorder.add(frame))) {
      this.stopRecording();
    }
  }

  /** Sends the next 20 ms to the phone: `mix`, which is modified in place, and any prompt. */
  write(mix: Float32Array | null): void {
    const session = this.#session;
    if (!session) {
      return;
    }
    const { receiver, sender, prompts, limiter, out, silence } = session;
    if (receiver.requestedMode !== undefined) {
      sender.requestMode(receiver.requestedMode);
    }
    if (session.media.send === false) {
      sender.write(null);
      return;
    }
    let sum = mix;
    if (!sum || this.mutedToPhone) {
      silence.fill(0);
      sum = silence;
    }
    this.#holdMusic?.addTo(sum, prompts.playing || this.mutedToPhone);
    if (prompts.playing) {
      for (let i = 0; i < sum.length; i++) {
        sum[i] = (sum[i] as number) * MIX_GAIN_UNDER_PROMPT;
      }
      prompts.addTo(sum);
    }
    limiter.process(sum, out);
    sender.write(out);
  }

  /** Plays hold music, if there is any, until the phone no longer waits. */
  wait(on: boolean): void {
    if (this.#holdMusic) {
      this.#holdMusic.on = on;
    }
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

  /**
   * The formats that the phone may send. Those that it could send before keep their decoders and jitter buffers. `created`: receives the
   * voices that are new.
   */
  async #makeFormats(
    media: LegMedia,
    encoder: Codec,
    created: Array<Codec | ReceivedVoice>,
  ): Promise<Formats> {
    const { codecs } = this.#options;
    const existing = this.#session?.receiver.voices ?? [];
    const sampleRate = mixRate(encoder);
    const voices = new Map<CodecName, ReceivedVoice>();
    const voiceOf = async (name: CodecName): Promise<ReceivedVoice> => {
      const known =
        voices.get(name) ??
        existing.find(
          ({ codec }) => codec.name === name && (name !== encoder.name || isLike(codec, encoder)),
        );
      if (known) {
        voices.set(name, known);
        return known;
      }
      const voice = new ReceivedVoice(codecs, await codecs.createCodec(name, { sampleRate }), sampleRate);
      created.push(voice);
      voices.set(name, voice);
      return voice;
    };
    const kinds = new Map<number, ReceivedKind>();
    const voice = await voiceOf(media.codec);
    for (const { kind, payloadType, clockRate } of media.receiveFormats ?? sentFormats(media, encoder)) {
      kinds.set(
        payloadType,
        kind === 'telephone-event' ? { content: 'keys', clockRate } : await voiceOf(kind),
      );
    }
    const { comfortNoise: noise } = media;
    if (noise && !kinds.has(noise.payloadType)) {
      kinds.set(noise.payloadType, { content: 'noise', clockRate: noise.clockRate });
    }
    return { kinds, voice };
  }
}

function close(created: Iterable<Codec | ReceivedVoice>): void {
  for (const each of created) {
    each.close();
  }
}

/** Whether two codecs of one name have the same rate: Opus may have several. */
function isLike(a: Codec, b: Codec): boolean {
  return a.sampleRate === b.sampleRate;
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
      media.amr,
      media.ptimeMs,
      media.telephoneEvent,
      media.comfortNoise,
      media.inBandKeys,
    ]);
  return essence(a) === essence(b);
}
