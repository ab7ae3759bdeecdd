import type { PublicKey } from '../../../../contract/x509/index.ts';

/** What end-to-end encrypted content needs of one epoch of a group. */
export interface ContentEpoch {
  /** 16 bytes, hex. */
  groupId: string;
  epoch: bigint;
  /** What the keys of all members follow from, for HKDF. Not extractable. */
  secret: CryptoKey;
  ownLeaf: number;
  /** Everyone who has the secret, by leaf index. */
  members: ReadonlyMap<number, ContentMember>;
}

/** Whose content it is, as their certificates say. */
export interface ContentMember {
  readonly deviceId: string;
  /** The account that its certificate belongs to. */
  readonly accountId: string;
  readonly name: string;
  /** The key of the device's certificate. */
  readonly key: PublicKey;
}

/** The label under which a group exports the secret (RFC 9420 section 8.5), and its length in bytes. */
export const CONTENT_LABEL = 'canopy content 1';
export const CONTENT_SECRET_BYTES = 32;
