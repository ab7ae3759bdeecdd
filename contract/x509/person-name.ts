import type { Bytes } from './bytes.ts';
import { DerError, DerReader, decodeOid, decodeString, TAG } from './der.ts';
import { GENERAL_NAME } from './extensions.ts';
import { OID } from './oids.ts';

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
      const text = kind === GENERAL_NAME.otherName ? principalName(content) : String.fromCharCode(...content);
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
