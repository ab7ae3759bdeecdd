import type { Network } from '../../base/udp/index.ts';
import type { Codecs } from '../codecs/index.ts';
import type { Dtls } from './dtls/index.ts';
import type { DtmfKey } from './dtmf/index.ts';
import type { HoldMusic } from './hold-music.ts';
import { LegAudio } from './leg-audio.ts';
import { LegTransport } from './leg-transport.ts';
import type { LegEvent, LegMedia, LegStats, MediaSource, Prompt, VoiceTap } from './leg-types.ts';
import type { MediaLog } from './media-log.ts';
import type { PortRange } from './port-pair.ts';
import { estimateMos, type StreamNumbers } from './rtp/index.ts';
import type { Srtp } from './srtp/index.ts';

export interface LegOptions {
  codecs: Codecs;
  network: Network;
  srtp: Srtp;
  dtls: Dtls;
  ip: string;
  ports: PortRange;
  /** Shared memory for the outgoing stream's numbers, so that the stream continues if the leg moves to another thread. */
  numbers: StreamNumbers;
  emit: (event: LegEvent) => void;
  /** Default: silence. */
  holdMusic?: HoldMusic;
  log: MediaLog;
}

/** One phone's RTP session: transport, audio and statistics. Lives in a media thread. */
export class Leg {
  readonly #audio: LegAudio;
  readonly #transport: LegTransport;
  #closed = false;

  private constructor(audio: LegAudio, transport: LegTransport) {
    this.#audio = audio;
    this.#transport = transport;
  }

  /** Binds the sockets, so that the SDP can name their ports. @throws {Error} no pair of ports is free */
  static async open({
    codecs,
    network,
    srtp,
    dtls,
    ip,
    ports,
    numbers,
    emit,
    holdMusic,
    log,
  }: LegOptions): Promise<Leg> {
    let transport: LegTransport | undefined;
    const send = (packet: Uint8Array) => transport?.sendRtp(packet);
    const audio = new LegAudio({ codecs, numbers, emit, send, holdMusic, log });
    transport = await LegTransport.open({
      network,
      srtp,
      dtls,
      ip,
      ports,
      sink: audio,
      onSource: (source) => emit({ type: 'source', ...source }),
      onNominated: (source, component) => emit({ type: 'nominated', component, ...source }),
      onInsecure: (reason) => emit({ type: 'insecure', reason }),
      log,
    });
    return new Leg(audio, transport);
  }

  get port(): number {
    return this.#transport.port;
  }

  /** Sample rate of read() and write(), in Hz; 0 before start(). */
  get sampleRate(): number {
    return this.#audio.sampleRate;
  }

  /** `toRoom`: the room does not hear the phone. `toPhone`: the phone hears prompts only. */
  mute({ toRoom, toPhone }: { toRoom?: boolean; toPhone?: boolean }): void {
    if (toRoom !== undefined) {
      this.#audio.mutedToRoom = toRoom;
    }
    if (toPhone !== undefined) {
      this.#audio.mutedToPhone = toPhone;
    }
  }

  /**
   * Starts the negotiated media, or changes it after a re-INVITE. An unchanged codec keeps its state. `source`: the phone's media source,
   * if already known in another thread.
   */
  async start(media: LegMedia, source?: MediaSource): Promise<void> {
    const nowMs = performance.now();
    const before = this.#audio.session?.sender;
    if (!(await this.#audio.start(media))) {
      return;
    }
    const sender = this.#audio.session?.sender;
    this.#transport.start(media, nowMs, before === sender ? undefined : source);
    if (!sender || before === sender) {
      return;
    }
    this.#transport.reportAs(sender.stream.ssrc, nowMs);
  }

  /**
   * The next 20 ms from the phone to the room; null while it is silent, muted or on hold. Valid until the next call. If read() or write()
   * throws, the leg is broken: close it.
   */
  read(nowMs: number): Int16Array | null {
    const { fault } = this.#transport;
    if (fault) {
      throw fault.error;
    }
    return this.#audio.read(nowMs);
  }

  /** Gets what the phone sends while the room may hear it. */
  set tap(tap: VoiceTap | undefined) {
    this.#audio.tap = tap;
  }

  /** The phone's sound cannot be forwarded to the room as it is. */
  requireProcessing(reason: 'gain' | 'comfort-noise' | 'codec'): void {
    this.#audio.requireProcessing(reason);
  }

  /** Sends the next 20 ms to the phone: `mix`, which is modified in place, and any prompt. */
  write(mix: Float32Array | null, nowMs: number): void {
    this.#transport.tick(nowMs);
    if (this.#transport.reportIsDue(nowMs)) {
      this.#report(nowMs);
    }
    this.#audio.write(mix);
  }

  /** Plays hold music, if there is any, until the phone no longer waits. */
  wait(on: boolean): void {
    this.#audio.wait(on);
  }

  /** Records what the phone says, for at most this time; 0 ends a recording. */
  record(maxMs: number): void {
    if (maxMs > 0) {
      this.#audio.record(maxMs);
    } else {
      this.#audio.stopRecording();
    }
  }

  play(prompt: Prompt): void {
    this.#audio.play(prompt);
  }

  stopPrompt(promptId?: string): void {
    this.#audio.stopPrompt(promptId);
  }

  /** Sends keys to the phone; returns false if it supports no telephone-events. */
  press(keys: DtmfKey[]): boolean {
    return this.#audio.press(keys);
  }

  stats(nowMs: number): LegStats | null {
    const { session } = this.#audio;
    if (!session) {
      return null;
    }
    const { receiver, sender, media } = session;
    const { rejected, unauthenticated, malformed, remoteLossFraction, roundTripMs, lastHeardMs, lastRtcpMs } =
      this.#transport;
    const { counts } = receiver;
    const delayMs = receiver.playout.delayMs + 20 + (roundTripMs ?? 0) / 2;
    return {
      packetsReceived: receiver.packets,
      packetsSent: sender.stream.packets,
      bytesReceived: receiver.bytes,
      bytesSent: sender.stream.payloadBytes,
      packetsLost: receiver.lost,
      packetsLate: counts.late,
      packetsRejected: rejected,
      packetsUnauthenticated: unauthenticated,
      packetsMalformed: malformed + receiver.unknown + counts.malformed,
      framesConcealed: counts.concealed,
      packetsRestored: counts.restored,
      jitterMs: receiver.jitterMs,
      bufferMs: receiver.playout.delayMs,
      lossFraction: receiver.lossFraction,
      remoteLossFraction,
      roundTripMs,
      mos: estimateMos({ codec: media.codec, lossFraction: receiver.lossFraction, delayMs }),
      silentMs: lastHeardMs === undefined ? null : nowMs - lastHeardMs,
      rtcpSilentMs: lastRtcpMs === undefined ? null : nowMs - lastRtcpMs,
    };
  }

  /** Sends an RTCP BYE and releases everything. Idempotent. */
  close(): void {
    if (this.#closed) {
      return;
    }
    try {
      this.#transport.bye();
      this.#audio.stopPrompt();
    } finally {
      this.release();
    }
  }

  /** Releases everything without an RTCP BYE, so that the leg can continue in another thread. */
  release(): void {
    this.#closed = true;
    try {
      this.#audio.close();
    } finally {
      this.#transport.close();
    }
  }

  #report(nowMs: number): void {
    const { session } = this.#audio;
    if (!session) {
      return;
    }
    const { receiver, sender } = session;
    const blocks = receiver.ssrc === undefined ? [] : [{ ssrc: receiver.ssrc, summary: receiver.report() }];
    this.#transport.report(blocks, sender.stream, nowMs);
  }
}
