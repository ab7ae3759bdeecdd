import { SdpError } from './remote.ts';

/** A usable `a=crypto` line (RFC 4568 §9.1). */
export interface CryptoLine {
  readonly tag: number;
  /** The suite in our notation. */
  readonly suite: string;
  /** The suite as written. */
  readonly written: string;
  /** Master key, followed by the master salt. */
  readonly key: Buffer;
  /** The master key identifier in each packet. */
  readonly mki: Buffer | undefined;
  /** Replay window that the sender asks for, in packets. */
  readonly window: number | undefined;
}

/** Length of master key and salt in bytes, by suite (RFC 4568 §6.2, RFC 6188 §4, RFC 7714 §14.2). */
const KEY_BYTES: Readonly<Record<string, number>> = {
  AES_CM_128_HMAC_SHA1_80: 30,
  AES_CM_128_HMAC_SHA1_32: 30,
  AES_256_CM_HMAC_SHA1_80: 46,
  AES_256_CM_HMAC_SHA1_32: 46,
  AEAD_AES_128_GCM: 28,
  AEAD_AES_256_GCM: 44,
};
/** Names from drafts of RFC 6188, which phones still use. */
const FORMER_NAMES: Readonly<Record<string, string>> = {
  AES_CM_256_HMAC_SHA1_80: 'AES_256_CM_HMAC_SHA1_80',
  AES_CM_256_HMAC_SHA1_32: 'AES_256_CM_HMAC_SHA1_32',
};

/** `<tag> <suite> <key parameters> [<session parameters>]`. */
const LINE = /^([0-9]{1,9})[ \t]+([A-Z0-9_]{1,40})[ \t]+(\S{1,400})(?:[ \t]+(\S.*))?$/i;
/** `inline:<key>[|<lifetime>][|<MKI>:<its length>]`. */
const INLINE =
  /^inline:([A-Za-z0-9+/]{1,100})={0,2}(?:\|(2\^[0-9]{1,3}|[0-9]{1,20}))?(?:\|([0-9]{1,310}):([0-9]{1,3}))?$/i;
/** RFC 3711 §9.2. */
const MAX_LIFETIME = 2n ** 48n;
const MAX_MKI_BYTES = 128;
/** RFC 3711 §3.3.2, and a limit of ours. */
const MIN_WINDOW = 64;
const MAX_WINDOW = 1024;

/** Length of master key and salt in bytes. */
export function keyBytes(suite: string): number {
  return KEY_BYTES[suite] ?? 0;
}

/**
 * Reads the value of an `a=crypto` line. Refused, as RFC 4568 requires of what one does not support: several keys, a key derivation rate,
 * packets without encryption or authentication, FEC, and unknown parameters that are not optional. A lifetime is checked for its form only:
 * its sender must change the key in time.
 * @throws {SdpError} it is malformed or not supported
 */
export function readCryptoLine(text: string): CryptoLine {
  const [, tag, written = '', keys = '', parameters = ''] = LINE.exec(text) ?? [];
  if (tag === undefined) {
    throw new SdpError('a crypto line cannot be read');
  }
  const upper = written.toUpperCase();
  const suite = FORMER_NAMES[upper] ?? upper;
  const bytes = KEY_BYTES[suite];
  if (bytes === undefined) {
    throw new SdpError(`the crypto suite ${written} is not supported`);
  }
  if (keys.includes(';')) {
    throw new SdpError('several keys in a crypto line are not supported');
  }
  const [, base64 = '', lifetime, mki, mkiBytes] = INLINE.exec(keys) ?? [];
  const key = Buffer.from(base64, 'base64');
  if (key.length !== bytes || key.toString('base64').replaceAll('=', '') !== base64) {
    throw new SdpError('the key in a crypto line is malformed');
  }
  checkLifetime(lifetime);
  return {
    tag: Number(tag),
    suite,
    written,
    key,
    mki: mki === undefined ? undefined : readMki(mki, Number(mkiBytes)),
    window: readParameters(parameters),
  };
}

function checkLifetime(text: string | undefined): void {
  if (text === undefined) {
    return;
  }
  const packets = text.startsWith('2^') ? 2n ** BigInt(text.slice(2)) : BigInt(text);
  if (packets < 1n || packets > MAX_LIFETIME) {
    throw new SdpError('the lifetime in a crypto line is out of range');
  }
}

/** The identifier as in packets: big-endian, of the stated length. */
function readMki(text: string, length: number): Buffer {
  const hex = BigInt(text).toString(16);
  if (length < 1 || length > MAX_MKI_BYTES || hex.length > length * 2) {
    throw new SdpError('the MKI in a crypto line is out of range');
  }
  return Buffer.from(hex.padStart(length * 2, '0'), 'hex');
}

/** The session parameters that we support: the window size, and optional unknown ones, which are ignored (RFC 4568 §6.3). */
function readParameters(text: string): number | undefined {
  let window: number | undefined;
  for (const parameter of text.split(/[ \t]+/).filter(Boolean)) {
    const [, size] = /^WSH=([0-9]{1,6})$/i.exec(parameter) ?? [];
    if (Number(size) >= MIN_WINDOW) {
      window = Math.min(Number(size), MAX_WINDOW);
    } else if (!parameter.startsWith('-')) {
      throw new SdpError(`the crypto parameter ${parameter.slice(0, 40)} is not supported`);
    }
  }
  return window;
}
