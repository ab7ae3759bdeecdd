import type { RequestResult } from '../../../contract/index.ts';
import { type Authority, sha256Hex, type TrustStore } from '../../identity/index.ts';

export interface RevokedDevicesOptions {
  authority: Pick<Authority, 'revocation' | 'signRevoked'>;
  trust: Pick<TrustStore, 'revocationLists'>;
  /** Maximum size of an answer. */
  answerBytes: number;
}

/** Maximum share of an answer that lists take. */
const LISTS_SHARE = 0.5;

/** Delivers to members who is revoked, signed: by the server for the deployment's own revocations, by the company's authorities for theirs. */
export class RevokedDevices {
  readonly #options: RevokedDevicesOptions;

  constructor(options: RevokedDevicesOptions) {
    this.#options = options;
  }

  /**
   * @param seen the devices in question, with their accounts
   * @param known SHA-256 of the lists that the client has
   */
  async answer(
    seen: ReadonlyMap<string, string>,
    known: readonly string[],
  ): Promise<RequestResult<'encryption.revocations'>> {
    const { authority, trust } = this.#options;
    const ids = [...new Set([...seen].flat())].filter((id) => authority.revocation.isRevoked(id));
    const signed = ids.length > 0 ? await authority.signRevoked(ids.sort()) : undefined;
    return { lists: this.#lists(trust.revocationLists.ders, known), ...(signed && { revoked: signed }) };
  }

  #lists(ders: readonly Uint8Array[], known: readonly string[]): string[] {
    let left = this.#options.answerBytes * LISTS_SHARE;
    return ders
      .filter((der) => !known.includes(sha256Hex(der)))
      .map((der) => Buffer.from(der).toString('base64'))
      .sort((a, b) => a.length - b.length)
      .filter(({ length }) => {
        left -= length;
        return left >= 0;
      });
  }
}
