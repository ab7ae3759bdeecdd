import type { Call } from '../sip/index.ts';
import type { CallMedia } from './call-media.ts';

/** What the room shows of a call. */
interface Appearance {
  readonly held: boolean;
  /** Undefined until an offer is answered. */
  readonly encrypted: boolean | undefined;
  /** The certificates of its phone (DER in base64); null: it has none. Undefined until the phone is known. */
  readonly deviceChain: string[] | null | undefined;
}

/** Follows how a call looks in its room, so that only changes are sent there. */
export class CallAppearance {
  readonly #media: () => CallMedia | undefined;
  readonly #sip: () => Call | undefined;
  #shown: Appearance = { held: false, encrypted: undefined, deviceChain: undefined };
  #deviceChain: string[] | null | undefined;

  constructor(media: () => CallMedia | undefined, sip: () => Call | undefined) {
    this.#media = media;
    this.#sip = sip;
  }

  /** How the call looks now; it counts as shown. A call that is not answered is never on hold. */
  show(answered: boolean): Appearance {
    this.#shown = this.#now(answered);
    return this.#shown;
  }

  /** How an answered call looks, if that is not how it is shown; then it counts as shown. */
  change(): Appearance | undefined {
    const before = this.#shown;
    const { held, encrypted, deviceChain } = this.show(true);
    const same = held === before.held && encrypted === before.encrypted && deviceChain === before.deviceChain;
    return same ? undefined : this.#shown;
  }

  #now(answered: boolean): Appearance {
    const encryption = this.#media()?.encryption ?? null;
    if (answered) {
      this.#learnDevice();
    }
    return {
      held: answered && (this.#media()?.held ?? false),
      encrypted: encryption === null ? undefined : encryption !== 'none',
      deviceChain: this.#deviceChain,
    };
  }

  /** Reads the certificates of the phone, once. */
  #learnDevice(): void {
    const sip = this.#sip();
    if (this.#deviceChain !== undefined || !sip) {
      return;
    }
    const chain = sip.deviceCertificates.map((der) => der.toString('base64'));
    this.#deviceChain = chain.length > 0 ? chain : null;
  }
}

/** The fields of a participant that say so, without those that are not known. */
export function shownFields({ encrypted, deviceChain }: Appearance) {
  return {
    ...(encrypted !== undefined && { callEncrypted: encrypted }),
    ...(deviceChain !== undefined && { deviceChain }),
  };
}
