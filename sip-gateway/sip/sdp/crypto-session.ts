import { randomBytes, timingSafeEqual } from 'node:crypto';
import { type CryptoLine, keyBytes, readCryptoLine } from './crypto-line.ts';
import { SdpError } from './remote.ts';

/** Our wish for encryption (SRTP). */
export interface LocalEncryption {
  /** `preferred`: encrypted if the peer supports it. Once a call is encrypted, it stays so. */
  readonly use: 'off' | 'preferred' | 'required';
  /** How keys are offered, and preferred in offers with both: in the SDP (RFC 4568), or by DTLS (RFC 5763). */
  readonly keying: 'sdes' | 'dtls';
  /** Suites that we support with keys in the SDP, best first. If there are none, that is not possible. */
  readonly suites: readonly string[];
  /** Value of our a=fingerprint line. Without it, DTLS is not possible. */
  readonly fingerprint?: string | undefined;
  /** Why something is not possible, or why it is off. */
  readonly reason?: string;
}

export const NO_ENCRYPTION: LocalEncryption = { use: 'off', keying: 'sdes', suites: [] };

/** The negotiated keys, each a master key followed by its salt. */
export interface NegotiatedCrypto {
  readonly suite: string;
  readonly sendKey: Uint8Array;
  readonly receiveKey: Uint8Array;
  /** Master key identifier in received packets. */
  readonly receiveMki: Uint8Array | undefined;
  /** Replay window, in packets. */
  readonly window: number | undefined;
}

/** A crypto line of ours. */
export interface OwnCryptoLine {
  readonly tag: number;
  readonly suite: string;
  /** The suite as the peer writes it. */
  readonly written: string;
  readonly key: Buffer;
}

/** What one offer and answer agree on: one line of each side. */
export interface CryptoAgreement {
  readonly own: OwnCryptoLine;
  readonly crypto: NegotiatedCrypto;
}

/**
 * The keys of one call. Our key stays the same for the whole call unless the suite changes, so a re-INVITE that does not change the peer's
 * key changes nothing: counters and replay windows continue.
 */
export class CryptoSession {
  #agreed: CryptoAgreement | undefined;
  #offered: readonly OwnCryptoLine[] = [];

  /** Whether the call is encrypted. It then must remain so. */
  get encrypted(): boolean {
    return this.#agreed !== undefined;
  }

  /** The lines of our offer: with a new key for each suite or, once the call is encrypted, the agreed one. */
  offer(suites: readonly string[]): readonly OwnCryptoLine[] {
    this.#offered = this.#agreed
      ? [this.#agreed.own]
      : suites.map((suite, index) => ({
          tag: index + 1,
          suite,
          written: suite,
          key: randomBytes(keyBytes(suite)),
        }));
    return this.#offered;
  }

  /** Our next offer has no crypto lines. */
  offerNothing(): void {
    this.#offered = [];
  }

  /**
   * Chooses from the lines of the peer's offer: the one in use if it is unchanged, or else the first that we support. Takes effect with
   * settle().
   * @throws {SdpError} none can be used; the reason is that of the first one
   */
  choose(lines: readonly string[], suites: readonly string[]): CryptoAgreement {
    const usable: CryptoLine[] = [];
    let failure: SdpError | undefined;
    for (const text of lines) {
      try {
        const line = readCryptoLine(text);
        if (!suites.includes(line.suite)) {
          throw new SdpError(`the crypto suite ${line.written} is not supported`);
        }
        usable.push(line);
      } catch (error) {
        if (!(error instanceof SdpError)) {
          throw error;
        }
        failure ??= error;
      }
    }
    const line = usable.find((each) => this.#isInUse(each)) ?? usable[0];
    if (!line) {
      throw failure ?? new SdpError('the audio has no crypto line');
    }
    const { tag, suite, written } = line;
    const before = this.#agreed?.own;
    const key = before?.suite === suite ? before.key : randomBytes(keyBytes(suite));
    return agreement({ tag, suite, written, key }, line);
  }

  /**
   * Reads the crypto lines of the peer's answer; undefined if there are none. Takes effect with settle().
   * @throws {SdpError} they do not answer one of ours (RFC 4568 §5.1.3)
   */
  readAnswer(lines: readonly string[]): CryptoAgreement | undefined {
    const [text] = lines;
    if (text === undefined || this.#offered.length === 0) {
      return undefined;
    }
    if (lines.length > 1) {
      throw new SdpError('the answer has several crypto lines');
    }
    const line = readCryptoLine(text);
    const own = this.#offered.find(({ tag, suite }) => tag === line.tag && suite === line.suite);
    if (!own) {
      throw new SdpError('the crypto line of the answer was not offered');
    }
    // Otherwise anyone could send our own packets back to us.
    if (timingSafeEqual(own.key, line.key)) {
      throw new SdpError('the answer repeats our key');
    }
    return agreement(own, line);
  }

  /** Puts an agreement into effect; undefined: the call is not encrypted. */
  settle(agreed: CryptoAgreement | undefined): void {
    this.#agreed = agreed;
    this.#offered = [];
  }

  #isInUse({ suite, key, mki }: CryptoLine): boolean {
    const crypto = this.#agreed?.crypto;
    return crypto?.suite === suite && key.equals(crypto.receiveKey) && sameMki(mki, crypto.receiveMki);
  }
}

function agreement(own: OwnCryptoLine, { suite, key, mki, window }: CryptoLine): CryptoAgreement {
  return { own, crypto: { suite, sendKey: own.key, receiveKey: key, receiveMki: mki, window } };
}

function sameMki(a: Buffer | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.equals(b);
}
