import { CanopyError, type Config } from '../base/index.ts';
import { BridgeSession, type Identity } from '../client/sdk/index.ts';
import { broadcasterIdentity, captionerIdentity, recorderIdentity } from './own-identity.ts';

const IDENTITIES = {
  broadcaster: broadcasterIdentity,
  captioner: captionerIdentity,
  recorder: recorderIdentity,
};

/** Lets a program of the server's own enter rooms. */
export class OwnSessions {
  readonly #program: keyof typeof IDENTITIES;
  readonly #config: Config;
  readonly #url: string;
  /** Made for the first room, so that a server whose program is never used has no account for it. */
  #identity: Identity | undefined;

  /** @param options `url`: of the server on this host */
  constructor(program: keyof typeof IDENTITIES, { config, url }: { config: Config; url: string }) {
    this.#program = program;
    this.#config = config;
    this.#url = url;
  }

  /** Enters a room. If the identity was revoked, e.g. because its key leaked, with a new one. @throws {CanopyError} as BridgeSession.join() does */
  async join(roomId: string, options: { takesVideo?: boolean } = {}): Promise<BridgeSession> {
    const identify = IDENTITIES[this.#program];
    const enter = (identity: Identity) =>
      BridgeSession.join({ url: this.#url, identity, roomId, ...options });
    this.#identity ??= await identify(this.#config, this.#url);
    try {
      return await enter(this.#identity);
    } catch (error) {
      if (CanopyError.from(error).code !== 'CERT_REVOKED') {
        throw error;
      }
      this.#identity = await identify(this.#config, this.#url, { renew: true });
      return enter(this.#identity);
    }
  }
}
