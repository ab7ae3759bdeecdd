import { CanopyError } from '../../base/errors/index.ts';
import { displayable } from '../../contract/index.ts';
import { DerError, type Path, personName, statementMatches } from '../../contract/x509/index.ts';
import { type AccountIds, accountIds, sha256Hex } from './names.ts';

/** What certifies an identity: the deployment CA, after an invitation, or a company's PKI. */
export type IdentitySource = 'invite' | 'pki';

/** A device whose certificate was accepted. verifyAuthProof() also proves that it holds the key. */
export interface VerifiedDevice extends AccountIds {
  /** SHA-256 of the leaf's SPKI, 64 hex digits. */
  readonly deviceId: string;
  readonly displayName: string;
  readonly source: IdentitySource;
  /** When the first certificate of the path expires, Unix time in milliseconds. */
  readonly notAfterMs: number;
  /** When the device's own certificate expires, Unix time in milliseconds. */
  readonly leafNotAfterMs: number;
  /** Serial number, hex, of the certificate that the trusted authority issued: under the deployment CA, the account's. */
  readonly serialHex: string;
  /** Whether the device's key made this signature over a statement. `signature` is base64url or bytes. Never rejects. */
  verify(signature: string | Uint8Array, signed: Uint8Array): Promise<boolean>;
}

/**
 * Identifies the device and account of a validated path.
 *
 * @throws {CanopyError} CERT_UNTRUSTED - the leaf has no issuer, or none that is an account of the deployment CA
 * @throws {CanopyError} CERT_NONCONFORMING - the certificates name no person
 * @throws {CanopyError} CERT_MALFORMED - a name cannot be decoded
 */
export function deviceOf(path: Path, source: IdentitySource): VerifiedDevice {
  const leaf = path[0];
  const { deviceId, ...account } = identify(path, source);
  return {
    ...account,
    deviceId,
    source,
    notAfterMs: Math.min(...path.map(({ notAfterMs }) => notAfterMs)),
    leafNotAfterMs: leaf.notAfterMs,
    serialHex: (path[path.length - 2] ?? leaf).serialHex,
    verify: async (signature, signed) => {
      const bytes = typeof signature === 'string' ? fromBase64url(signature) : signature;
      return bytes !== undefined && statementMatches(leaf.key, new Uint8Array(signed), new Uint8Array(bytes));
    },
  };
}

function identify(
  path: Path,
  source: IdentitySource,
): AccountIds & { deviceId: string; displayName: string } {
  const [leaf, issuer] = path;
  if (!issuer) {
    throw new CanopyError('CERT_UNTRUSTED', 'the leaf has no issuer');
  }
  const deviceId = sha256Hex(leaf.spki);
  try {
    if (source === 'invite') {
      if (path.length !== 3) {
        throw new CanopyError('CERT_UNTRUSTED', 'the leaf was not issued by an account');
      }
      const name = displayable(issuer.subjectCommonName ?? '');
      if (!name) {
        throw new CanopyError('CERT_NONCONFORMING', 'the account has no name');
      }
      return { deviceId, displayName: name, ...accountIds(issuer.spki) };
    }
    const person = personName(leaf.extensions.subjectAltNames);
    if (!person) {
      throw new CanopyError('CERT_NONCONFORMING', 'leaf: no e-mail, principal, DNS or URI alternative name');
    }
    const name =
      displayable(leaf.subjectCommonName ?? '') || displayable(person.text) || deviceId.slice(0, 8);
    return { deviceId, displayName: name, ...accountIds(issuer.spki, person.bytes) };
  } catch (error) {
    if (error instanceof DerError) {
      throw new CanopyError('CERT_MALFORMED', error.message, { cause: error });
    }
    throw error;
  }
}

/** Decodes strict base64url without padding; undefined if it is not. */
function fromBase64url(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
