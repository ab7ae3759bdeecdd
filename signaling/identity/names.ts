import { createHash } from 'node:crypto';
import {
  type Bytes,
  DerError,
  DerReader,
  decodeOid,
  decodeString,
  GENERAL_NAME,
  OID,
  TAG,
} from '../../contract/x509/index.ts';

/** Ids of an account, derived from the bytes that identify it. */
export interface AccountIds {
  /** SHA-256, 64 hex digits. */
  accountId: string;
  /** SHA-1, 40 hex digits, as Jami shows accounts. */
  accountAlias: string;
}

export function accountIds(...identifying: Uint8Array[]): AccountIds {
  const bytes = Buffer.concat(identifying);
  return { accountId: sha256Hex(bytes), accountAlias: createHash('sha1').update(bytes).digest('hex') };
}

export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The subject alternative name that identifies a person in a company's PKI. */
export interface PersonName {
  /** DER of the GeneralName. */
  bytes: Bytes;
  text: string;
}

/**
 * Picks the name that identifies a person: the first rfc822Name, else the first user principal name, else the first dNSName,
 * else the first URI. The order in the certificate matters only within one kind.
 *
 * @throws {DerError} a user principal name cannot be decoded
 */
export function personName(subjectAltNames: readonly Bytes[]): PersonName | undefined {
  const kinds = [GENERAL_NAME.rfc822Name, GENERAL_NAME.otherName, GENERAL_NAME.dnsName, GENERAL_NAME.uri];
  for (const kind of kinds) {
    for (const bytes of subjectAltNames) {
      if (bytes[0] !== kind) {
        continue;
      }
      const { content } = DerReader.single(bytes, kind);
      const text =
        kind === GENERAL_NAME.otherName ? principalName(content) : Buffer.from(content).toString('latin1');
      if (text) {
        return { bytes, text };
      }
    }
  }
  return undefined;
}

function principalName(content: Bytes): string | undefined {
  const reader = new DerReader(content);
  if (decodeOid(reader.read(TAG.oid).content) !== OID.upn) {
    return undefined;
  }
  const value = new DerReader(reader.read(0xa0).content);
  const text = decodeString(value.read());
  value.end();
  reader.end();
  if (text === undefined) {
    throw new DerError('user principal name is not a string');
  }
  return text;
}
