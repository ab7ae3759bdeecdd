import { CanopyError } from '../../base/errors/index.ts';
import { toHex } from '../x509/index.ts';

/** What an envelope has in it. The kind is authenticated, so that nothing passes for something else. */
const CONTENT_KIND = {
  /** A message of a chat. */
  message: 1,
  /** A new text of a message. */
  edit: 2,
  /** The emoji that one account has put on a message. */
  reaction: 3,
  /** A sign that is shown once, such as applause. */
  sign: 4,
} as const;
export type ContentKind = keyof typeof CONTENT_KIND;

const VERSION = 1;
const GROUP_AT = 2;
const EPOCH_AT = 18;
const LEAF_AT = 26;
const NONCE_AT = 30;
/** Version, kind, group, epoch, leaf and nonce. */
export const HEADER_BYTES = 42;
const TAG_BYTES = 16;
/** Of a signature by a key on P-256. */
export const SIGNATURE_BYTES = 64;
/** Sizes of what is encrypted: at least this, in bytes, and steps of a quarter of the power of two below. */
const MIN_PLAIN_BYTES = 256;
const MAX_PLAIN_BYTES = 24_576;
/** Size of an envelope with little in it, in bytes: every sign. */
export const MIN_ENVELOPE_BYTES = HEADER_BYTES + MIN_PLAIN_BYTES + TAG_BYTES;
/** Maximum size of an envelope, in bytes. */
export const MAX_ENVELOPE_BYTES = HEADER_BYTES + MAX_PLAIN_BYTES + TAG_BYTES;

/** The readable part of an envelope: who encrypted it, with which keys. Nothing of it is verified before it is opened. */
export interface EnvelopeHeader {
  kind: ContentKind;
  /** The group whose keys it was encrypted with: 16 bytes, hex. */
  groupId: string;
  epoch: bigint;
  /** The sender's leaf in that epoch. */
  leaf: number;
}

export interface Envelope extends EnvelopeHeader {
  /** The header as it was sent, which is authenticated. */
  header: Uint8Array<ArrayBuffer>;
  nonce: Uint8Array<ArrayBuffer>;
  ciphertext: Uint8Array<ArrayBuffer>;
}

/** Writes the header of an envelope. */
export function writeHeader(
  { kind, groupId, epoch, leaf }: EnvelopeHeader,
  nonce: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(HEADER_BYTES);
  header[0] = VERSION;
  header[1] = CONTENT_KIND[kind];
  header.set(
    Uint8Array.from(groupId.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)),
    GROUP_AT,
  );
  const view = new DataView(header.buffer);
  view.setBigUint64(EPOCH_AT, epoch);
  view.setUint32(LEAF_AT, leaf);
  header.set(nonce, NONCE_AT);
  return header;
}

/** Reads an envelope, without opening it. @throws {CanopyError} ENCRYPTION_INVALID - it is none, or of an unknown version or kind */
export function readEnvelope(bytes: Uint8Array<ArrayBuffer>): Envelope {
  const kind = (Object.keys(CONTENT_KIND) as ContentKind[]).find((each) => CONTENT_KIND[each] === bytes[1]);
  const plainBytes = bytes.length - HEADER_BYTES - TAG_BYTES;
  if (bytes[0] !== VERSION || kind === undefined || paddedBytes(plainBytes) !== plainBytes) {
    throw new CanopyError('ENCRYPTION_INVALID', 'no envelope that this version can read');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    kind,
    groupId: toHex(bytes.subarray(GROUP_AT, EPOCH_AT)),
    epoch: view.getBigUint64(EPOCH_AT),
    leaf: view.getUint32(LEAF_AT),
    header: bytes.subarray(0, HEADER_BYTES),
    nonce: bytes.subarray(NONCE_AT, HEADER_BYTES),
    ciphertext: bytes.subarray(HEADER_BYTES),
  };
}

/**
 * The size to which content of this size is padded, so that the size of a message says little about its text.
 *
 * @throws {CanopyError} ENCRYPTION_INVALID - it is too long
 */
export function paddedBytes(length: number): number {
  if (length > MAX_PLAIN_BYTES) {
    throw new CanopyError('ENCRYPTION_INVALID', `at most ${MAX_PLAIN_BYTES} bytes`);
  }
  const step = Math.max(MIN_PLAIN_BYTES, 2 ** Math.floor(Math.log2(Math.max(1, length))) / 4);
  return Math.max(MIN_PLAIN_BYTES, Math.ceil(length / step) * step);
}
