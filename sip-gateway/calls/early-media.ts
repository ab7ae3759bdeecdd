import { type OutgoingCall, SdpError } from '../sip/index.ts';
import type { CallHost, PhoneCall } from './phone-call.ts';

/** What needs a handshake or checks of its own waits for the answer. */
const NEEDS_HANDSHAKE = /^a=(?:fingerprint|ice-ufrag):/m;

/**
 * Lets the room hear what a trunk plays before the answer, such as an announcement, if the trunk is set so. The callee hears nothing of the
 * room before that. Of several provisional answers the first one counts; the final answer replaces it. Resolves when nothing more is in
 * progress.
 */
export class EarlyMedia {
  readonly #call: PhoneCall;
  #started: Promise<void> | undefined;

  constructor(host: CallHost, call: PhoneCall, sip: OutgoingCall) {
    this.#call = call;
    const trunk = host.config().trunks.find(({ name }) => name === call.trunk);
    if (!trunk?.earlyMedia) {
      return;
    }
    sip.on('progress', ({ sdp }) => {
      if (sdp !== undefined && !NEEDS_HANDSHAKE.test(sdp)) {
        this.#started ??= this.#start(sdp, sip.source.address).catch((error: unknown) => {
          call.log.warn({ err: error }, 'early media could not be heard');
        });
      }
    });
  }

  /** The call is answered: from now on, the callee hears the room. */
  async finish(): Promise<void> {
    if (this.#started) {
      await this.#started;
      await this.#call.media?.deafen(false);
    }
  }

  async #start(sdp: string, address: string): Promise<void> {
    const { media, seat, ended } = this.#call;
    if (!media || !seat || ended) {
      return;
    }
    try {
      media.readAnswer(sdp);
    } catch (error) {
      // The final answer may be another one.
      if (error instanceof SdpError) {
        return;
      }
      throw error;
    }
    await media.deafen(true);
    await media.start(address);
    await seat.connect(this.#call.callId, { early: true });
  }
}
