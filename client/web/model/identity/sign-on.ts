import { signal } from '@preact/signals';
import {
  beginSignOn,
  CanopyError,
  ERROR_CODES,
  finishSignOn,
  type Identity,
  type IdentityStore,
  type SignedOn,
  type SignOnOffer,
  serverInfo,
} from '../../../sdk/index.ts';

/** `known`: the person already has an account here, and has to choose. */
export type SignOnStage = 'working' | 'known' | 'failed';

/** What a sign-on needs from the page. */
export interface SignOnHost {
  readonly url: string;
  store(): IdentityStore;
  identity(): Identity | undefined;
  /** This browser has a new identity. */
  enrolled(identity: Identity): void;
  /** Goes to another fragment of the page. */
  go(fragment: string): void;
}

/** Where this tab keeps where the user wanted to go, in case they have to sign on again. */
const STORAGE_KEY = 'canopy.sign-on';

/** Single sign-on: to the provider's page, back from it, and into an account. */
export class SignOn {
  /** How the server lets people sign on; undefined if it does not. */
  readonly offer = signal<SignOnOffer | undefined>(undefined);
  /** Whether people without an account may ask to enter a room by its address. */
  readonly admitsStrangers = signal(false);
  readonly stage = signal<SignOnStage>('working');
  readonly known = signal<SignedOn['known']>(undefined);
  readonly busy = signal(false);
  readonly problem = signal<CanopyError | undefined>(undefined);
  readonly #host: SignOnHost;

  constructor(host: SignOnHost) {
    this.#host = host;
  }

  /** Where the user wanted to go. */
  get destination(): string {
    try {
      return sessionStorage.getItem(STORAGE_KEY) ?? '#/';
    } catch {
      return '#/';
    }
  }

  /** Asks the server how people get in without an account. Never rejects. */
  async look(): Promise<void> {
    const info = await serverInfo({ serverUrl: this.#host.url }).catch(() => undefined);
    // Providers refuse to be shown inside other pages.
    this.offer.value = window.parent === window ? info?.signOn : undefined;
    this.admitsStrangers.value = info?.identityPolicy === 'tofu';
  }

  /** Goes to the provider's page. `to`: the fragment to come back to. Never rejects. */
  async begin(to = location.hash): Promise<void> {
    const { offer } = this;
    if (offer.value && offer.value.origin !== this.#host.url) {
      // The provider leads back to the server's public address, where the same button is.
      location.assign(`${offer.value.origin}/${to}`);
      return;
    }
    const destination = /^#\/(?:room|join)\//.test(to) ? to : undefined;
    try {
      sessionStorage.setItem(STORAGE_KEY, destination ?? '#/');
    } catch {
      // Storage may be blocked; only a second attempt needs it.
    }
    await this.#attempt(async () => {
      location.assign(await beginSignOn({ serverUrl: this.#host.url }, destination));
    });
  }

  /** Goes on after the way back from the provider. `code`: of the error that it ended with. Never rejects. */
  async comeBack(code: string | undefined): Promise<void> {
    this.problem.value = undefined;
    if (code !== undefined) {
      this.stage.value = 'failed';
      this.problem.value = new CanopyError(isErrorCode(code) ? code : 'SIGN_ON_FAILED');
      await this.look();
      return;
    }
    this.stage.value = 'working';
    await this.finish(false);
    const problem = this.problem.peek();
    if (problem?.code === 'SIGN_ON_EXPIRED' && this.#host.identity()) {
      // This browser is signed on already; the user came back to an old address.
      this.#host.go('#/');
      return;
    }
    if (problem) {
      this.stage.value = 'failed';
      await this.look();
    }
  }

  /** Enrols this browser. `replace`: even if the person has an account already, which then ends. Never rejects. */
  async finish(replace: boolean): Promise<void> {
    await this.#attempt(async () => {
      const { url } = this.#host;
      const { identity, known, to } = await finishSignOn({
        serverUrl: url,
        store: this.#host.store(),
        replace,
      });
      if (identity) {
        this.#host.enrolled(identity);
        this.#host.go(to ?? '#/');
      } else {
        this.known.value = known;
        this.stage.value = 'known';
      }
    });
  }

  async #attempt(act: () => Promise<void>): Promise<void> {
    this.problem.value = undefined;
    this.busy.value = true;
    try {
      await act();
    } catch (error) {
      this.problem.value = CanopyError.from(error);
    } finally {
      this.busy.value = false;
    }
  }
}

function isErrorCode(code: string): code is keyof typeof ERROR_CODES {
  return Object.hasOwn(ERROR_CODES, code);
}
