import { CanopyError } from '../../base/errors/index.ts';
import { OID, parseCertificate, requireChainLength, validateChain } from '../../contract/x509/index.ts';
import type { TrustStore } from './trust-store.ts';
import { deviceOf, type VerifiedDevice } from './verified-device.ts';

/**
 * Validates a device's chain: DER, the leaf first, each certificate followed by its issuer. The root may be left out.
 *
 * @throws {CanopyError} CERT_… - see docs/identity.md
 */
export async function verifyChain(
  chain: readonly Uint8Array[],
  trust: TrustStore,
  nowMs: number,
): Promise<VerifiedDevice> {
  requireChainLength(chain.length);
  await trust.refresh();
  const certificates = chain.map(parseCertificate);
  const path = await validateChain(certificates, trust.anchors, { atMs: nowMs, usage: OID.clientAuth });
  const anchor = path[path.length - 1];
  const source = anchor && trust.isOwn(anchor) ? 'invite' : 'pki';
  if (source === 'pki') {
    await trust.revocationLists.check(path, nowMs);
  }
  const device = deviceOf(path, source);
  if (trust.isRevoked(device)) {
    throw new CanopyError('CERT_REVOKED', `device ${device.deviceId}`);
  }
  return device;
}
