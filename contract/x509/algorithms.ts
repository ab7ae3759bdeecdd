import { CanopyError } from '../../base/errors/index.ts';
import { type Bytes, equalBytes } from './bytes.ts';
import { DerError, DerReader, decodeOid, TAG } from './der.ts';

/** The signature algorithm of a certificate or revocation list. `weak` and `unknown` ones are refused when a path uses them. */
export interface SignatureAlgorithm {
  readonly oid: string;
  readonly key: 'rsa' | 'ec' | 'ed25519' | 'weak' | 'unknown';
  /** The hash, or null if the algorithm includes one. */
  readonly hash: 'SHA-256' | 'SHA-384' | 'SHA-512' | null;
}

const SIGNATURES: Readonly<Record<string, Omit<SignatureAlgorithm, 'oid'>>> = {
  '1.2.840.113549.1.1.11': { key: 'rsa', hash: 'SHA-256' },
  '1.2.840.113549.1.1.12': { key: 'rsa', hash: 'SHA-384' },
  '1.2.840.113549.1.1.13': { key: 'rsa', hash: 'SHA-512' },
  '1.2.840.10045.4.3.2': { key: 'ec', hash: 'SHA-256' },
  '1.2.840.10045.4.3.3': { key: 'ec', hash: 'SHA-384' },
  '1.2.840.10045.4.3.4': { key: 'ec', hash: 'SHA-512' },
  '1.3.101.112': { key: 'ed25519', hash: null },
  // MD2, MD4, MD5 and SHA-1 with RSA; SHA-1 with ECDSA; SHA-1 with DSA
  '1.2.840.113549.1.1.2': { key: 'weak', hash: null },
  '1.2.840.113549.1.1.3': { key: 'weak', hash: null },
  '1.2.840.113549.1.1.4': { key: 'weak', hash: null },
  '1.2.840.113549.1.1.5': { key: 'weak', hash: null },
  '1.3.14.3.2.29': { key: 'weak', hash: null },
  '1.2.840.10045.4.1': { key: 'weak', hash: null },
  '1.2.840.10040.4.3': { key: 'weak', hash: null },
};

const RSA_PARAMETERS = Uint8Array.of(0x05, 0x00);

/** Parses a signature's AlgorithmIdentifier. Parameters must be absent, or NULL for RSA. @throws {DerError} */
export function decodeSignatureAlgorithm(content: Bytes): SignatureAlgorithm {
  const reader = new DerReader(content);
  const oid = decodeOid(reader.read(TAG.oid).content);
  const known = SIGNATURES[oid] ?? { key: 'unknown', hash: null };
  if (!reader.done) {
    const parameters = reader.read().bytes;
    reader.end();
    const harmless = known.key === 'weak' || known.key === 'unknown';
    if (!harmless && !(known.key === 'rsa' && equalBytes(parameters, RSA_PARAMETERS))) {
      throw new DerError('unexpected parameters of the signature algorithm');
    }
  }
  return { oid, ...known };
}

/** Refuses weak and unsupported signature algorithms. @throws {CanopyError} CERT_WEAK, CERT_UNSUPPORTED */
export function requireSoundSignature(algorithm: SignatureAlgorithm, what: string): void {
  if (algorithm.key === 'weak') {
    throw new CanopyError('CERT_WEAK', `${what}: signed with ${algorithm.oid}`);
  }
  if (algorithm.key === 'unknown') {
    throw new CanopyError('CERT_UNSUPPORTED', `${what}: signature algorithm ${algorithm.oid}`);
  }
}
