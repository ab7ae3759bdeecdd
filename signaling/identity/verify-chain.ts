import { CanopyError } from '../../base/errors/index.ts';
import { parseCertificate } from './certificate.ts';
import { buildPath, validatePath } from './path.ts';
import type { TrustStore } from './trust-store.ts';
import { deviceOf, type VerifiedDevice } from './verified-device.ts';

/** Most certificates that may be presented. */
const MAX_CHAIN_CERTIFICATES = 6;

/**
 * Judges a presented chain: DER, the device's leaf first, each followed by its issuer; the root may be left out. Errors: the
 * `CERT_…` codes, see docs/identity.md.
 */
export async function verifyChain(
  chain: readonly Uint8Array[],
  trust: TrustStore,
  nowMs: number,
): Promise<VerifiedDevice> {
  if (chain.length === 0) throw new CanopyError('CERT_MISSING');
  if (chain.length > MAX_CHAIN_CERTIFICATES) {
    throw new CanopyError('CERT_CHAIN_TOO_LONG', `over ${MAX_CHAIN_CERTIFICATES} certificates presented`);
  }
  await trust.refresh();
  const path = await buildPath(chain.map(parseCertificate), trust.anchors);
  await validatePath(path, nowMs);
  const anchor = path[path.length - 1];
  const source = anchor && trust.isOwn(anchor) ? 'invite' : 'pki';
  if (source === 'pki') await trust.revocationLists.check(path, nowMs);
  const device = deviceOf(path, source);
  if (trust.isRevoked(device)) throw new CanopyError('CERT_REVOKED', `device ${device.deviceId}`);
  return device;
}
