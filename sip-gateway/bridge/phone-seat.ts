import type { BridgeParticipant } from '../../client/sdk/index.ts';
import type { MediaPool, Prompt } from '../media/index.ts';

export type Sound = Pick<Prompt, 'samples' | 'sampleRate'>;

export interface PhoneSeatOptions {
  pool: MediaPool;
  roomId: string;
  participant: BridgeParticipant;
  ssrc: number;
  payloadType: number;
  audioLevelExtensionId: number;
  /** Called once, when the phone hears the room and is heard there. */
  onConnect(): void;
  /** Called when the phone has been connected, also for early media. */
  onJoined(): void;
  /** Called once, when the phone has left. */
  onLeave(wasConnected: boolean): void;
}

export type CallState = BridgeParticipant['callState'];

/** URI of the audio level header extension (RFC 6464). The active speaker is selected by it. */
const AUDIO_LEVEL = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';

/** A phone's seat in a room: its participant and, once connected, its producer. */
export class PhoneSeat {
  readonly roomId: string;
  readonly participant: BridgeParticipant;
  /** The caller's name in their own voice; null: not recorded. */
  spokenName: Sound | null = null;
  readonly #options: PhoneSeatOptions;
  /** The leg that is in the mix. */
  #legId: string | undefined;
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
      await this.#join(legId);
    }
    if (!early && !this.#left) {
      this.#options.onConnect();
      this.#connected = true;
    }
    this.#options.onJoined();
  }

  async #join(legId: string): Promise<void> {
    const { pool, roomId, ssrc, payloadType, audioLevelExtensionId, participant } = this.#options;
    await participant.produce({
      codecs: [
        {
          mimeType: 'audio/opus',
          payloadType,
          clockRate: 48_000,
          channels: 2,
          parameters: { useinbandfec: 1 },
          rtcpFeedback: [],
        },
      ],
      headerExtensions: [{ uri: AUDIO_LEVEL, id: audioLevelExtensionId }],
      encodings: [{ ssrc }],
      rtcp: { cname: `phone-${ssrc}`, reducedSize: true },
    });
    if (!this.#left) {
      this.#legId = legId;
      await pool.join({ legId, roomId, ssrc });
    }
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
