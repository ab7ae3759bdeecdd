import { type Bytes, toHex } from './bytes.ts';
import {
  type DerElement,
  DerError,
  DerReader,
  decodeBoolean,
  decodeNamedBits,
  decodeOid,
  decodeUnsigned,
  TAG,
} from './der.ts';
import { OID } from './oids.ts';

/** Bits of the keyUsage extension (RFC 5280 §4.2.1.3). */
export const KEY_USAGE = { digitalSignature: 0, keyCertSign: 5, crlSign: 6 } as const;

/** Tags of GeneralName choices (RFC 5280 §4.2.1.6). */
export const GENERAL_NAME = { otherName: 0xa0, rfc822Name: 0x81, dnsName: 0x82, uri: 0x86 } as const;

/** The extensions used by path validation, and the identifiers of unsupported ones. */
export interface Extensions {
  readonly basicConstraints: { ca: boolean; pathLength: number | undefined; critical: boolean } | undefined;
  /** Bits that are set, see KEY_USAGE. */
  readonly keyUsage: ReadonlySet<number> | undefined;
  /** Object identifiers. */
  readonly extKeyUsage: ReadonlySet<string> | undefined;
  readonly subjectKeyId: string | undefined;
  readonly authorityKeyId: { keyId: string | undefined; serialHex: string | undefined } | undefined;
  /** DER of each GeneralName, in order. */
  readonly subjectAltNames: readonly Bytes[];
  /**
   * Object identifiers of unsupported critical extensions, and of constraints that are refused even if not critical, since ignoring them
   * would extend what the issuer allowed.
   */
  readonly unsupported: readonly string[];
}

const CONSTRAINTS = new Set<string>([OID.nameConstraints, OID.policyConstraints, OID.inhibitAnyPolicy]);
const MAX_EXTENSIONS = 32;

/** Parses a certificate's extensions (the content of their SEQUENCE, or undefined if there are none). @throws {DerError} */
export function decodeExtensions(content: Bytes | undefined): Extensions {
  const found: { -readonly [K in keyof Extensions]: Extensions[K] } & { unsupported: string[] } = {
    basicConstraints: undefined,
    keyUsage: undefined,
    extKeyUsage: undefined,
    subjectKeyId: undefined,
    authorityKeyId: undefined,
    subjectAltNames: [],
    unsupported: [],
  };
  for (const { oid, critical, value } of content ? listExtensions(content) : []) {
    switch (oid) {
      case OID.basicConstraints:
        found.basicConstraints = { ...decodeBasicConstraints(value), critical };
        break;
      case OID.keyUsage:
        found.keyUsage = decodeNamedBits(DerReader.single(value, TAG.bitString).content);
        break;
      case OID.extKeyUsage:
        found.extKeyUsage = new Set(elements(value, TAG.oid).map((usage) => decodeOid(usage.content)));
        break;
      case OID.subjectKeyIdentifier:
        found.subjectKeyId = toHex(DerReader.single(value, TAG.octetString).content);
        break;
      case OID.authorityKeyIdentifier:
        found.authorityKeyId = decodeAuthorityKeyId(value);
        break;
      case OID.subjectAltName:
        found.subjectAltNames = elements(value).map((name) => name.bytes);
        break;
      case OID.certificatePolicies:
        // Any policy is acceptable here, so there is nothing to enforce (RFC 5280 §6.1.1 c).
        break;
      default:
        if (critical || CONSTRAINTS.has(oid)) {
          found.unsupported.push(oid);
        }
    }
  }
  return found;
}

/** Lists the extensions of a certificate or revocation list, each at most once (RFC 5280 §4.2). @throws {DerError} */
export function listExtensions(content: Bytes): { oid: string; critical: boolean; value: Bytes }[] {
  const list = new Map<string, { oid: string; critical: boolean; value: Bytes }>();
  for (const reader = new DerReader(content); !reader.done; ) {
    const extension = reader.enter(TAG.sequence);
    const oid = decodeOid(extension.read(TAG.oid).content);
    const flag = extension.optional(TAG.boolean);
    const value = extension.read(TAG.octetString).content;
    extension.end();
    if (list.has(oid)) {
      throw new DerError(`extension ${oid} appears twice`);
    }
    list.set(oid, { oid, critical: flag !== undefined && decodeBoolean(flag.content), value });
    if (list.size > MAX_EXTENSIONS) {
      throw new DerError('too many extensions');
    }
  }
  return [...list.values()];
}

function decodeBasicConstraints(value: Bytes): { ca: boolean; pathLength: number | undefined } {
  const reader = new DerReader(DerReader.single(value, TAG.sequence).content);
  const ca = reader.optional(TAG.boolean);
  const pathLength = reader.optional(TAG.integer);
  reader.end();
  const length = pathLength && Number.parseInt(decodeUnsigned(pathLength.content), 16);
  return { ca: ca !== undefined && decodeBoolean(ca.content), pathLength: length };
}

/** Parses keyIdentifier [0] and authorityCertSerialNumber [2] (RFC 5280 §4.2.1.1). @throws {DerError} */
export function decodeAuthorityKeyId(value: Bytes): {
  keyId: string | undefined;
  serialHex: string | undefined;
} {
  const reader = new DerReader(DerReader.single(value, TAG.sequence).content);
  const keyId = reader.optional(0x80);
  reader.optional(0xa1);
  const serial = reader.optional(0x82);
  reader.end();
  return { keyId: keyId && toHex(keyId.content), serialHex: serial && decodeUnsigned(serial.content) };
}

function elements(value: Bytes, tag?: number): DerElement[] {
  const list: DerElement[] = [];
  for (const reader = new DerReader(DerReader.single(value, TAG.sequence).content); !reader.done; ) {
    list.push(reader.read(tag));
  }
  if (list.length === 0) {
    throw new DerError('an extension has an empty list');
  }
  return list;
}
