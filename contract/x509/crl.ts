import { decodeSignatureAlgorithm, type SignatureAlgorithm } from './algorithms.ts';
import type { Bytes } from './bytes.ts';
import { DerError, DerReader, decodeTime, decodeUnsigned, TAG } from './der.ts';
import { decodeAuthorityKeyId, listExtensions } from './extensions.ts';
import { OID } from './oids.ts';
import { readSigned, readSignedAlgorithm } from './signed.ts';

/** A parsed certificate revocation list (RFC 5280 §5), not validated yet. */
export interface Crl {
  readonly der: Bytes;
  readonly tbs: Bytes;
  readonly issuer: Bytes;
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number;
  readonly revokedSerials: ReadonlySet<string>;
  readonly authorityKeyId: string | undefined;
  /** OID of the first critical extension, of the list or an entry, that we do not support. Such a list cannot be used. */
  readonly unsupported: string | undefined;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signature: Bytes;
}

const isTime = (tag: number | undefined): boolean => tag === TAG.utcTime || tag === TAG.generalizedTime;

/** Parses a revocation list from strict DER. @throws {DerError} */
export function parseCrl(der: Uint8Array): Crl {
  const bytes = new Uint8Array(der);
  const signed = readSigned(bytes);
  const { tbs, signature } = signed;
  const body = new DerReader(tbs.content);
  const version = body.optional(TAG.integer);
  if (version && decodeUnsigned(version.content) !== '01') {
    throw new DerError('unsupported version of the list');
  }
  const algorithm = readSignedAlgorithm(body, signed);
  const issuer = body.read(TAG.sequence).bytes;
  const thisUpdateMs = decodeTime(body.read());
  if (!isTime(body.nextTag)) {
    throw new DerError('the list has no nextUpdate');
  }
  const nextUpdateMs = decodeTime(body.read());
  const entries = decodeEntries(body.optional(TAG.sequence)?.content);
  const extensions = body.optional(0xa0);
  body.end();
  const listed = extensions ? listExtensions(DerReader.single(extensions.content, TAG.sequence).content) : [];
  const keyId = listed.find(({ oid }) => oid === OID.authorityKeyIdentifier);

  return {
    der: bytes,
    tbs: tbs.bytes,
    issuer,
    thisUpdateMs,
    nextUpdateMs,
    revokedSerials: entries.serials,
    authorityKeyId: keyId && decodeAuthorityKeyId(keyId.value).keyId,
    unsupported: listed.find(({ critical }) => critical)?.oid ?? entries.unsupported,
    signatureAlgorithm: decodeSignatureAlgorithm(algorithm.content),
    signature,
  };
}

function decodeEntries(content: Bytes | undefined): { serials: Set<string>; unsupported?: string } {
  const serials = new Set<string>();
  let unsupported: string | undefined;
  for (const reader = new DerReader(content ?? new Uint8Array()); !reader.done; ) {
    const entry = reader.enter(TAG.sequence);
    serials.add(decodeUnsigned(entry.read(TAG.integer).content));
    decodeTime(entry.read());
    if (!entry.done) {
      const extensions = listExtensions(entry.read(TAG.sequence).content);
      unsupported ??= extensions.find(({ critical }) => critical)?.oid;
    }
    entry.end();
  }
  return { serials, unsupported };
}
