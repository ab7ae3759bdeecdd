import type { RequestResult } from '../../../contract/index.ts';
import { CanopyError, SERVER_DTLS_MAX_AGE_MS, serverDtlsStatement } from '../../../contract/light.ts';
import { equalBytes, fromBase64Url } from '../bytes.ts';
import { type Certificate, readCertificate } from './certificate.ts';
import { checkChain, EKU_SERVER_AUTH } from './chain.ts';
import { verifyStatement } from './keys.ts';

type CreatedTransport = RequestResult<'transport.create'>;

export interface VerifiedDtlsParameters {
  role?: 'auto' | 'client' | 'server';
  /** The one fingerprint that the deployment signed. */
  fingerprints: [{ algorithm: 'sha-256'; value: string }];
}

/**
 * Checks that the media keys are the deployment's own: the binding's chain leads to the pinned CA with a serverAuth leaf, that leaf
 * signed the fingerprint lately, and the fingerprint is the one offered. Returns DTLS parameters with that fingerprint only. Throws
 * SERVER_UNVERIFIED with the reason as detail.
 */
export async function verifyServerBinding(
  { binding, dtlsParameters }: Pick<CreatedTransport, 'binding' | 'dtlsParameters'>,
  deploymentCa: Certificate,
  nowMs: number = Date.now(),
): Promise<VerifiedDtlsParameters> {
  try {
    const { workerId, fingerprint, timeMs } = binding;
    const chain = binding.chain.map(readCertificate);
    await checkChain({ chain, anchor: deploymentCa, atMs: nowMs, usage: EKU_SERVER_AUTH });
    // No account, which is an authority too, stands between the deployment and its server.
    if (chain[0] && !equalBytes(chain[0].issuer, deploymentCa.subject))
      throw new CanopyError('CERT_UNTRUSTED');
    if (!(Math.abs(nowMs - timeMs) <= SERVER_DTLS_MAX_AGE_MS)) throw new Error('the statement is too old');
    const statement = serverDtlsStatement({ workerId, fingerprint, timeMs });
    const [leaf] = chain;
    const genuine =
      leaf && (await verifyStatement(leaf.spki, leaf.keyType, fromBase64Url(binding.signature), statement));
    if (!genuine) throw new Error('the signature is wrong');
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
