import type { RequestResult } from '../../../contract/index.ts';
import { CanopyError, SERVER_DTLS_MAX_AGE_MS, serverDtlsStatement } from '../../../contract/light.ts';
import { AnchorSet, OID, statementMatches, validateChain } from '../../../contract/x509/index.ts';
import { fromBase64Url } from '../bytes.ts';
import { type Certificate, readCertificate } from './certificate.ts';

type CreatedTransport = RequestResult<'transport.create'>;

export interface VerifiedDtlsParameters {
  role?: 'auto' | 'client' | 'server';
  /** The one fingerprint that the deployment signed. */
  fingerprints: [{ algorithm: 'sha-256'; value: string }];
}

/**
 * Verifies that the media keys are the deployment's: the binding's chain leads from a serverAuth leaf to the pinned CA, the leaf signed the
 * fingerprint recently, and the transport offers that fingerprint. Returns DTLS parameters with this fingerprint only.
 *
 * @throws {CanopyError} SERVER_UNVERIFIED - the detail says why
 */
export async function verifyServerBinding(
  { binding, dtlsParameters }: Pick<CreatedTransport, 'binding' | 'dtlsParameters'>,
  deploymentCa: Certificate,
  nowMs: number = Date.now(),
): Promise<VerifiedDtlsParameters> {
  try {
    const { workerId, fingerprint, timeMs } = binding;
    const leaf = await verifyServerLeaf(binding.chain, deploymentCa, nowMs);
    if (!(Math.abs(nowMs - timeMs) <= SERVER_DTLS_MAX_AGE_MS)) {
      throw new Error('the statement is too old');
    }
    const statement = serverDtlsStatement({ workerId, fingerprint, timeMs });
    const genuine = await statementMatches(leaf.key, statement, fromBase64Url(binding.signature));
    if (!genuine) {
      throw new Error('the signature is wrong');
    }
    const offered = dtlsParameters.fingerprints.filter(({ algorithm }) => algorithm === 'sha-256');
    if (offered.length !== 1 || offered[0]?.value.toUpperCase() !== fingerprint) {
      throw new Error('the fingerprint is not the signed one');
    }
    return {
      ...(dtlsParameters.role && { role: dtlsParameters.role }),
      fingerprints: [{ algorithm: 'sha-256', value: fingerprint }],
    };
  } catch (cause) {
    const reason =
      cause instanceof CanopyError ? cause.code : cause instanceof Error ? cause.message : String(cause);
    throw new CanopyError('SERVER_UNVERIFIED', reason, { cause });
  }
}

/**
 * Checks that a chain (base64 DER) is that of a server of the deployment. Returns its leaf.
 *
 * @throws {CanopyError} the CERT_ codes
 */
export async function verifyServerLeaf(
  chain: readonly string[],
  deploymentCa: Certificate,
  nowMs: number,
): Promise<Certificate> {
  const rules = { atMs: nowMs, usage: OID.serverAuth };
  const anchors = new AnchorSet([deploymentCa]);
  const [leaf, ...authorities] = await validateChain(chain.map(readCertificate), anchors, rules);
  // Accounts are CAs too, so none may stand between the deployment CA and the server's certificate.
  if (authorities.length !== 1) {
    throw new CanopyError('CERT_UNTRUSTED');
  }
  return leaf;
}
