import type { Bytes } from './bytes.ts';
import { DerReader, decodeOid, decodeString, TAG } from './der.ts';
import { OID } from './oids.ts';

/**
 * Reads a distinguished name (DER) to its end and gives its last common name. Text that is not in its own encoding is refused: it
 * would mean different things to different readers. Throws DerError.
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
