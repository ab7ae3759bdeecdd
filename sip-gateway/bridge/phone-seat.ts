import { randomInt } from 'node:crypto';
import type { Logger } from '../../base/index.ts';
import type { BridgeParticipant } from '../../client/sdk/index.ts';
import type { CodecName } from '../codecs/index.ts';
import type { MediaPool, Prompt } from '../media/index.ts';
import { isForwardable, type PhoneStream, phoneStream, streamParameters } from './phone-stream.ts';

export type Sound = Pick<Prompt, 'samples' | 'sampleRate'>;

export interface PhoneSeatOptions {
  pool: MediaPool;
  roomId: string;
  participant: BridgeParticipant;
  /** Payload type of its Opus. */
  payloadType: number;
  audioLevelExtensionId: number;
  /** The phones' codecs that everybody else in the room can play. */
  playable(): ReadonlySet<string>;
  log: Logger;
  /** Called once, when the phone hears the room and is heard there. */
  onConnect(): void;
  /** Called when the phone has been connected, also for early media. */
  onJoined(): void;
  /** Called once, when the phone has left. */
  onLeave(wasConnected: boolean): void;
}

export type CallState = BridgeParticipant['callState'];

/** A phone's seat in a room: its participant and, once connected, its producer. */
export class PhoneSeat {
  readonly roomId: string;
  readonly participant: BridgeParticipant;
  /** The caller's name in their own voice; null: not recorded. */
  spokenName: Sound | null = null;
  readonly #options: PhoneSeatOptions;
  /** The leg that is in the mix. */
  #legId: string | undefined;
  /** What it sends to the room. */
  #stream: PhoneStream | undefined;
  /** The phone's codec. */
  #codec: CodecName | null = null;
  #isProcessed = false;
  #choosing: Promise<void> = Promise.resolve();
  #connected = false;
  #left = false;

  constructor(options: PhoneSeatOptions) {
    this.#options = options;
    this.roomId = options.roomId;
    this.participant = options.participant;
  }

  /** Whether the phone is in the conversation; before that it is called, or asked for a PIN. */
  get connected(): boolean {
    return this.#connected && !this.#left;
  }

  /** Whether the phone's audio, or early media of its call, is in the mix. */
  get joined(): boolean {
    return this.#legId !== undefined && !this.#left;
  }

  get muted(): boolean {
    return this.participant.muted;
  }

  /**
   * Connects the leg to the room, both ways. The leg's media must have been started. `early`: its call is not answered yet; connect it again
   * then.
   */
  async connect(legId: string, { early = false } = {}): Promise<void> {
    if (this.#legId !== legId) {
      await this.#choosing;
      await this.#join(legId);
    }
    if (!early && !this.#left) {
      this.#options.onConnect();
      this.#connected = true;
    }
    this.#options.onJoined();
  }

  /** The phone's codec, and whether its sound must be processed, may have changed. Changes what is sent to the room if it is connected. */
  setMedia(codec: CodecName | null, isProcessed: boolean): void {
    this.#codec = codec;
    this.#isProcessed = isProcessed;
    this.choose();
  }

  /** Chooses again whether the phone's packets are forwarded as they are, e.g. because somebody came who cannot play them. */
  choose(): void {
    const { log } = this.#options;
    this.#choosing = this.#choosing.then(async () => {
      const legId = this.#legId;
      if (legId === undefined || this.#left || this.#chosen === this.#stream?.codec) {
        return;
      }
      await this.#join(legId).catch((error: unknown) =>
        log.warn({ err: error }, 'phone’s stream not changed'),
      );
    });
  }

  get #chosen(): CodecName {
    const codec = this.#codec;
    const { playable } = this.#options;
    return isForwardable(codec) && !this.#isProcessed && playable().has(codec) ? codec : 'opus';
  }

  async #join(legId: string): Promise<void> {
    const { pool, roomId, payloadType, audioLevelExtensionId, participant } = this.#options;
    const stream = phoneStream(this.#chosen, randomInt(1, 2 ** 32), payloadType);
    await participant.produce(streamParameters(stream, audioLevelExtensionId));
    if (this.#left) {
      return;
    }
    this.#legId = legId;
    this.#stream = stream;
    const { codec, ssrc } = stream;
    const forwarding = codec === 'opus' ? undefined : { codec, payloadType: stream.payloadType };
    await pool.join({ legId, roomId, ssrc, ...(forwarding && { forwarding }) });
  }

  async setCallState(callState: CallState): Promise<void> {
    await this.participant.update({ callState });
  }

  /** Shows the mute state in the room; PhoneCall mutes the leg. */
  async setMuted(muted: boolean): Promise<void> {
    await this.participant.setMuted(muted);
  }

  /** Whether the phone may use the keys of moderators. */
  get isModerator(): boolean {
    return this.participant.isModerator;
  }

  get handUp(): boolean {
    return this.participant.handUp;
  }

  async setHandUp(up: boolean): Promise<void> {
    await this.participant.setHandUp(up);
  }

  /** Shows changes of the call, or another call, in this seat. */
  async show(call: Parameters<BridgeParticipant['update']>[0]): Promise<void> {
    await this.participant.update(call);
  }

  /** Another seat takes over the participant: this one no longer does anything. */
  release(): void {
    this.#left = true;
  }

  /** Removes the phone from the room. Idempotent; never rejects. */
  async leave(reason: 'left' | 'kicked' | 'lost' = 'left'): Promise<void> {
    if (this.#left) {
      return;
    }
    const wasConnected = this.connected;
    this.#left = true;
    // This fails only if the session has ended, and the participant with it.
    await this.participant.remove(reason).catch(() => {});
    this.#options.onLeave(wasConnected);
  }
}
