import type { RequestInput } from '../../../contract/index.ts';
import { CanopyError, renewalStatement } from '../../../contract/light.ts';
import { AnchorSet, equalBytes, OID, statementMatches, validateChain } from '../../../contract/x509/index.ts';
import { fromBase64Url, sha256, toBase64Url, toHex } from '../bytes.ts';
import { type Certificate, readCertificate } from './certificate.ts';
import type { Identity } from './identity.ts';
import type { IdentityStore } from './store.ts';

/** A device's request for a new certificate. */
export type RenewalRequest = RequestInput<'device.requestRenewal'>['request'];

/** How long before it expires a certificate is renewed, in milliseconds. */
const RENEWAL_MS = 14 * 24 * 60 * 60 * 1000;
/** How old another device's request may be, in milliseconds. */
const MAX_REQUEST_AGE_MS = 30 * 24 * 60 * 60 * 1000;

/**
 * Whether the device's certificate should be renewed. `account`: the account itself expires, which only a new invitation can change.
 * Company certificates are renewed elsewhere.
 */
export function renewalDue(identity: Identity, nowMs: number = Date.now()): 'no' | 'yes' | 'account' {
  const { expiresAtMs, chain } = identity;
  if (expiresAtMs - nowMs > RENEWAL_MS || !identity.issuedByAccount) {
    return 'no';
  }
  const { notAfterMs, notBeforeMs } = readCertificate(chain[1] ?? '');
  if (notAfterMs - expiresAtMs > 1000) {
    return 'yes';
  }
  // Guests' accounts are short-lived from the start, which is no news to them.
  return notAfterMs - notBeforeMs > 2 * RENEWAL_MS ? 'account' : 'no';
}

/**
 * Issues a new certificate for this device and stores it.
 *
 * @param accountKey from AccountKey.unlock()
 */
export async function renewIdentity(
  identity: Identity,
  store: IdentityStore,
  accountKey: CryptoKey,
): Promise<void> {
  const { chain } = identity;
  const kind = store.needsExtractableKeys ? 'program' : 'browser';
  const certificate = await issueFor(readCertificate(chain[0] ?? ''), identity, accountKey, kind);
  await adoptRenewal(identity, store, certificate);
}

/** This device's request, for a device that holds the account's key. */
export async function makeRenewalRequest(identity: Identity): Promise<RenewalRequest> {
  const certificate = identity.chain[0] ?? '';
  const timeMs = Date.now();
  const certificateHash = toBase64Url(await sha256(readCertificate(certificate).der));
  return { certificate, timeMs, signature: await identity.signRenewal({ certificateHash, timeMs }) };
}

/**
 * Issues the certificate that another device of the account asks for, after checking that the request is that device's own and recent.
 *
 * @throws {CanopyError} CERT_UNTRUSTED, CERT_BAD_SIGNATURE, … - the request is not from a device of this account
 */
export async function issueRenewal(
  identity: Identity,
  accountKey: CryptoKey,
  { deviceId, request }: { deviceId: string; request: RenewalRequest },
): Promise<string> {
  const leaf = readCertificate(request.certificate);
  const chain = [leaf, ...identity.chain.slice(1).map(readCertificate)];
  // An expired certificate still names the device.
  await validateChain(chain, new AnchorSet([identity.deploymentCa]), {
    atMs: leaf.notBeforeMs,
    usage: OID.clientAuth,
  });
  const statement = renewalStatement({
    deviceId,
    certificateHash: toBase64Url(await sha256(leaf.der)),
    timeMs: request.timeMs,
  });
  const isOwn = toHex(await sha256(leaf.spki)) === deviceId;
  if (!isOwn || !(await statementMatches(leaf.key, statement, fromBase64Url(request.signature)))) {
    throw new CanopyError('CERT_BAD_SIGNATURE', 'the request is not from the device that it names');
  }
  if (Math.abs(Date.now() - request.timeMs) > MAX_REQUEST_AGE_MS) {
    throw new CanopyError('AUTH_STALE', 'the request is too old');
  }
  return issueFor(leaf, identity, accountKey);
}

/**
 * Stores a new certificate for this device.
 *
 * @throws {CanopyError} CERT_… - it is not from the account, or not for this device's key
 */
export async function adoptRenewal(
  identity: Identity,
  store: IdentityStore,
  certificate: string,
): Promise<void> {
  const { stored } = identity;
  const [leaf, ...issuers] = [certificate, ...stored.chain.slice(1)].map(readCertificate);
  const before = readCertificate(stored.chain[0] ?? '');
  if (!leaf || !equalBytes(leaf.spki, before.spki)) {
    throw new CanopyError('CERT_UNTRUSTED', 'the certificate is for another key');
  }
  await validateChain([leaf, ...issuers], new AnchorSet([identity.deploymentCa]), {
    atMs: leaf.notBeforeMs,
    usage: OID.clientAuth,
  });
  if (leaf.notAfterMs <= before.notAfterMs) {
    return;
  }
  await identity.update(
    store,
    (kept) => ({ ...kept, chain: [certificate, ...kept.chain.slice(1)] }),
    identity.exportableKey,
  );
}

async function issueFor(
  leaf: Certificate,
  identity: Identity,
  accountKey: CryptoKey,
  kind: 'browser' | 'program' = 'browser',
): Promise<string> {
  const { DEVICE_AGE_MS, issueDeviceCertificate } = await import('./issue.ts');
  const devicePublicKey = await crypto.subtle.importKey(
    'spki',
    leaf.spki,
    { name: 'ECDSA', namedCurve: 'P-256' },
    true,
    ['verify'],
  );
  return issueDeviceCertificate({
    account: identity.chain[1] ?? '',
    accountKey,
    devicePublicKey,
    displayName: identity.displayName,
    maxAgeMs: DEVICE_AGE_MS[kind],
  });
}
