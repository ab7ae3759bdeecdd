import { type Bytes, randomBytes, toBase64Url } from '../bytes.ts';

/** Crockford's base32: no I, L, O and U, which are misread or misheard. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** 80 bits, so that not even the server can try all codes. */
const CODE_BYTES = 10;
const CODE_LENGTH = 16;

/** A link or code for adding a device. */
export interface DeviceLinkCode {
  /** 16 characters, without separators. */
  code: string;
  /** SHA-256 of the deployment CA's DER, base64url; absent if the code was typed. */
  caFingerprint?: string;
}

/** What both devices derive from the code. Only the id is ever sent. */
export interface LinkSecrets {
  exchangeId: string;
  /** Authenticates the new device's messages. */
  macKey: CryptoKey;
  /** Mixed into the encryption of the older device's answer. */
  psk: Bytes;
}

/** A new code. */
export function newLinkCode(): string {
  return encodeCode(randomBytes(CODE_BYTES));
}

/** Writes a code in groups of four characters. */
export function formatLinkCode(code: string): string {
  return code.match(/.{4}/g)?.join('-') ?? code;
}

/** The link that the QR code contains. The code is in the fragment, which browsers do not send. */
export function deviceLinkUrl(origin: string, { code, caFingerprint }: Required<DeviceLinkCode>): string {
  return `${origin}/#/link/${code}.${caFingerprint}`;
}

/** Parses such a link, or its fragment. Undefined if it is something else or truncated. */
export function parseDeviceLink(link: string): Required<DeviceLinkCode> | undefined {
  const [, typed, caFingerprint] = /#\/link\/([0-9A-Za-z-]{16,19})\.([A-Za-z0-9_-]{43})$/.exec(link) ?? [];
  const code = typed === undefined ? undefined : parseLinkCode(typed);
  return code === undefined || caFingerprint === undefined ? undefined : { code, caFingerprint };
}

/** Parses a code as people type it: in any case, with spaces or hyphens, and O, I and L for 0 and 1. Undefined if it is none. */
export function parseLinkCode(typed: string): string | undefined {
  const code = typed.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');
  return code.length === CODE_LENGTH && [...code].every((each) => ALPHABET.includes(each)) ? code : undefined;
}

/**
 * Derives the secrets of a code with HKDF-SHA-256 (RFC 5869), without salt. The CA's fingerprint goes into the keys: devices that know
 * different CAs do not understand each other.
 */
export async function linkSecrets({ code, caFingerprint }: Required<DeviceLinkCode>): Promise<LinkSecrets> {
  const material = await crypto.subtle.importKey('raw', decodeCode(code), 'HKDF', false, ['deriveBits']);
  const derive = async (info: string, bytes: number) =>
    new Uint8Array(
      await crypto.subtle.deriveBits(
        { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: new TextEncoder().encode(info) },
        material,
        bytes * 8,
      ),
    );
  return {
    exchangeId: toBase64Url(await derive('canopy/link/1\nexchange', 16)),
    macKey: await crypto.subtle.importKey(
      'raw',
      await derive(`canopy/link/1\nmac\n${caFingerprint}`, 32),
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['sign', 'verify'],
    ),
    psk: await derive(`canopy/link/1\npsk\n${caFingerprint}`, 32),
  };
}

/** @internal */
export function encodeCode(bytes: Bytes): string {
  let bits = 0n;
  for (const byte of bytes) {
    bits = (bits << 8n) | BigInt(byte);
  }
  return Array.from({ length: CODE_LENGTH }, (_, place) => {
    const shift = BigInt(5 * (CODE_LENGTH - 1 - place));
    return ALPHABET[Number((bits >> shift) & 31n)];
  }).join('');
}

function decodeCode(code: string): Bytes {
  let bits = 0n;
  for (const character of code) {
    bits = (bits << 5n) | BigInt(ALPHABET.indexOf(character));
  }
  return Uint8Array.from({ length: CODE_BYTES }, (_, place) =>
    Number((bits >> BigInt(8 * (CODE_BYTES - 1 - place))) & 255n),
  );
}
