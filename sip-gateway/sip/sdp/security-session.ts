import type { MediaDescription } from 'sdp-transform';
import {
  type CryptoAgreement,
  CryptoSession,
  type LocalEncryption,
  type NegotiatedCrypto,
  type OwnCryptoLine,
} from './crypto-session.ts';
import {
  answerRole,
  hasFingerprint,
  isSameAssociation,
  type NegotiatedDtls,
  newTlsId,
  offererRole,
  readFingerprints,
} from './dtls-line.ts';
import { audioProfile, isDtlsProfile, type SdpDescription, SdpError, type SdpMedia } from './remote.ts';

type Keying = LocalEncryption['keying'];

/** What one offer and answer agree on. With neither, the audio is in the clear. */
export interface Security {
  readonly crypto?: NegotiatedCrypto;
  readonly dtls?: NegotiatedDtls;
}

/** The same, before it takes effect. */
interface Agreement {
  readonly crypto?: CryptoAgreement;
  readonly dtls?: NegotiatedDtls;
}

/** What is in effect, as plain data. */
export type SavedSecurity = Agreement;

/** Attributes of our media line. */
export type SecurityAttributes = Pick<MediaDescription, 'crypto' | 'fingerprint' | 'setup' | 'invalid'>;

/** A first offer: its transport and the keys in it. */
interface Way {
  readonly protocol: string;
  readonly keying?: Keying;
}

/**
 * Encryption in the offers and answers of one call: SRTP with keys in the SDP (RFC 4568), or by DTLS (RFC 5763). A call that is encrypted
 * remains so.
 */
export class SecuritySession {
  readonly #crypto = new CryptoSession();
  #dtls: NegotiatedDtls | undefined;
  /** Our name of the first association. */
  readonly #firstTlsId = newTlsId();
  /** What our last offer has. */
  #offered: Way = { protocol: 'RTP/AVP' };

  /** Whether the call is encrypted. */
  get encrypted(): boolean {
    return this.#dtls !== undefined || this.#crypto.encrypted;
  }

  /** What is in effect, for restore(). */
  save(): SavedSecurity {
    const crypto = this.#crypto.save();
    return { ...(crypto && { crypto }), ...(this.#dtls && { dtls: this.#dtls }) };
  }

  /** Continues what was in effect in an earlier process. */
  restore({ crypto, dtls }: SavedSecurity): void {
    this.#crypto.restore(crypto);
    this.#dtls = dtls;
  }

  /** Whether the audio of an answer must be encrypted. */
  mustEncrypt({ use }: LocalEncryption): boolean {
    return use === 'required' || this.encrypted;
  }

  /**
   * Our first offer, or the second one after the first was refused.
   *
   * @throws {SdpError} encryption is required but not possible
   */
  firstOffer(
    encryption: LocalEncryption,
    isRetry: boolean,
  ): { protocol: string; attributes: SecurityAttributes } {
    const [first, second] = ways(encryption);
    const way = isRetry ? second : first;
    if (!way) {
      throw impossible(encryption.reason);
    }
    this.#offered = way;
    return { protocol: way.protocol, attributes: this.#offer(encryption, way.keying) };
  }

  /** Whether there is a second one. */
  static canRetry(encryption: LocalEncryption): boolean {
    return ways(encryption).length > 1;
  }

  /** An offer within the call. A call that has begun in the clear remains so. @throws {SdpError} encryption is not possible any more */
  laterOffer(encryption: LocalEncryption): SecurityAttributes {
    if (!this.mustEncrypt(encryption)) {
      this.#offered = { protocol: 'RTP/AVP' };
      return this.#offer(encryption, undefined);
    }
    const keying = this.#dtls ? 'dtls' : 'sdes';
    if (!isPossible(encryption, keying)) {
      throw impossible(encryption.reason);
    }
    this.#offered = { protocol: 'RTP/SAVP', keying };
    return this.#offer(encryption, keying);
  }

  /** Whether a line of an offer can be answered with encryption. */
  canEncrypt(session: SdpDescription, media: SdpMedia): boolean {
    return audioProfile(media) !== undefined && (hasKeys(media) || hasFingerprint(session, media));
  }

  /** Answers a line of an offer. `settle()` follows. @throws {SdpError} it cannot be encrypted */
  answer(
    session: SdpDescription,
    media: SdpMedia,
    encryption: LocalEncryption,
  ): { agreement: Agreement; attributes: SecurityAttributes } {
    const offered: Keying[] = [];
    if (hasKeys(media) && !isDtlsProfile(media)) {
      offered.push('sdes');
    }
    if (hasFingerprint(session, media)) {
      offered.push('dtls');
    }
    if (offered.length === 0) {
      throw new SdpError('the audio must be encrypted (SRTP)', 302);
    }
    const inUse = this.#dtls ? 'dtls' : this.#crypto.encrypted ? 'sdes' : encryption.keying;
    const possible = offered.filter((keying) => isPossible(encryption, keying));
    const keying = possible.find((each) => each === inUse) ?? possible[0];
    if (!keying) {
      throw impossible(encryption.reason);
    }
    if (keying === 'sdes') {
      const crypto = this.#crypto.choose(media.cryptoLines ?? [], encryption.suites);
      return { agreement: { crypto }, attributes: cryptoAttributes([crypto.own]) };
    }
    const active = answerRole(session, media, this.#dtls?.active);
    const named = this.#read(session, media, active);
    const isNew = this.#dtls !== undefined && !isSameAssociation(this.#dtls, named);
    const dtls = { ...named, ownTlsId: isNew ? newTlsId() : this.#ownTlsId };
    // A peer that gives none does not want one (RFC 8842 §5.3).
    const tlsId = media.tlsId === undefined ? undefined : dtls.ownTlsId;
    return {
      agreement: { dtls },
      attributes: dtlsAttributes(encryption, active ? 'active' : 'passive', tlsId),
    };
  }

  /** Reads the encryption of an answer to our offer. `settle()` follows. @throws {SdpError} it is not what we offered, or must be more */
  readAnswer(session: SdpDescription, media: SdpMedia, encryption: LocalEncryption): Agreement {
    const profile = audioProfile(media);
    if (!profile) {
      throw unsupportedTransport(media.protocol, encryption);
    }
    const agreement = this.#readKeys(session, media);
    const isEncrypted = agreement.crypto !== undefined || agreement.dtls !== undefined;
    if (profile === 'secure' && !isEncrypted) {
      throw unsupportedTransport(media.protocol, encryption);
    }
    const mustEncrypt = this.mustEncrypt(encryption) || this.#offered.protocol !== 'RTP/AVP';
    if (!isEncrypted && mustEncrypt) {
      throw new SdpError('the peer does not encrypt the audio (SRTP)', 302);
    }
    return agreement;
  }

  /** Puts an agreement into effect. */
  settle({ crypto, dtls }: Agreement): Security {
    this.#crypto.settle(crypto);
    this.#dtls = dtls;
    return { ...(crypto && { crypto: crypto.crypto }), ...(dtls && { dtls }) };
  }

  #readKeys(session: SdpDescription, media: SdpMedia): Agreement {
    if (this.#offered.keying === 'dtls') {
      return hasFingerprint(session, media)
        ? { dtls: { ...this.#read(session, media, offererRole(session, media)), ownTlsId: this.#ownTlsId } }
        : {};
    }
    const crypto = this.#crypto.readAnswer(media.cryptoLines ?? []);
    return crypto ? { crypto } : {};
  }

  #offer(encryption: LocalEncryption, keying: Keying | undefined): SecurityAttributes {
    if (keying === 'sdes') {
      return cryptoAttributes(this.#crypto.offer(encryption.suites));
    }
    this.#crypto.offerNothing();
    return keying === 'dtls' ? dtlsAttributes(encryption, 'actpass', this.#ownTlsId) : {};
  }

  get #ownTlsId(): string {
    return this.#dtls?.ownTlsId ?? this.#firstTlsId;
  }

  /** The association that an offer or answer names. A name that it does not repeat stays. */
  #read(session: SdpDescription, media: SdpMedia, active: boolean): NegotiatedDtls {
    const tlsId = media.tlsId ?? this.#dtls?.tlsId;
    return { active, ...readFingerprints(session, media), ...(tlsId !== undefined && { tlsId }) };
  }
}

/** Refuses a transport, with the reason why it cannot be encrypted. */
export function unsupportedTransport(protocol: string, { reason }: LocalEncryption): SdpError {
  return new SdpError(`the transport ${protocol} is not supported${reason ? `: ${reason}` : ''}`, 302);
}

/**
 * What a first offer may be, best first; if that is refused, the second follows. RTP/AVP with keys is for phones without SRTP, too; some that
 * insist on SRTP refuse it. There is no such mixture with DTLS that phones understand.
 */
function ways(encryption: LocalEncryption): Way[] {
  const { use, keying } = encryption;
  const sdes: Way[] = isPossible(encryption, 'sdes') ? [{ protocol: 'RTP/SAVP', keying: 'sdes' }] : [];
  const dtls: Way[] = isPossible(encryption, 'dtls')
    ? [{ protocol: 'UDP/TLS/RTP/SAVP', keying: 'dtls' }]
    : [];
  const both: Way = { protocol: 'RTP/AVP', ...(sdes.length > 0 && { keying: 'sdes' }) };
  switch (use) {
    case 'off':
      return [{ protocol: 'RTP/AVP' }];
    case 'preferred':
      return (keying === 'dtls' && dtls.length > 0 ? [...dtls, both] : [both, ...sdes, ...dtls]).slice(0, 2);
    case 'required':
      return keying === 'dtls' ? [...dtls, ...sdes] : [...sdes, ...dtls];
  }
}

function isPossible({ use, suites, fingerprint }: LocalEncryption, keying: Keying): boolean {
  return use !== 'off' && (keying === 'sdes' ? suites.length > 0 : fingerprint !== undefined);
}

function impossible(reason = 'there is no suite'): SdpError {
  return new SdpError(`the audio cannot be encrypted (SRTP): ${reason}`, 302);
}

/** Whether an audio line has keys, be it RTP/SAVP or RTP/AVP. */
function hasKeys(media: SdpMedia): boolean {
  return (media.cryptoLines ?? []).length > 0;
}

function cryptoAttributes(lines: readonly OwnCryptoLine[]): SecurityAttributes {
  if (lines.length === 0) {
    return {};
  }
  const crypto = lines.map(({ tag, written, key }) => ({
    id: tag,
    suite: written,
    config: `inline:${key.toString('base64')}`,
  }));
  return { crypto };
}

function dtlsAttributes(
  { fingerprint = '' }: LocalEncryption,
  setup: string,
  tlsId: string | undefined,
): SecurityAttributes {
  const [type = '', hash = ''] = fingerprint.split(' ');
  // The library has no name for this attribute, and writes it as it is.
  const others = tlsId === undefined ? {} : { invalid: [{ value: `tls-id:${tlsId}` }] };
  return { fingerprint: { type, hash }, setup, ...others };
}
