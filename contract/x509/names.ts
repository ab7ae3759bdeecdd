import type { Bytes } from './bytes.ts';
import { DerReader, decodeOid, decodeString, TAG } from './der.ts';
import { OID } from './oids.ts';

/**
 * The last common name in a distinguished name (DER), which is parsed completely. Invalidly encoded text is refused, since readers could
 * interpret it differently.
 * @throws {DerError}
 */
export function commonName(name: Bytes): string | undefined {
  let found: string | undefined;
  for (const names = new DerReader(DerReader.single(name, TAG.sequence).content); !names.done; ) {
    const attributes = names.enter(TAG.set);
    do {
      const attribute = attributes.enter(TAG.sequence);
      const type = decodeOid(attribute.read(TAG.oid).content);
      const text = decodeString(attribute.read());
      attribute.end();
      if (type === OID.commonName) {
        found = text ?? found;
      }
    } while (!attributes.done);
  }
  return found;
}
