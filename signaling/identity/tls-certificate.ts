import { createPrivateKey, X509Certificate as NodeCertificate } from 'node:crypto';
import { isIP } from 'node:net';
import path from 'node:path';
import { domainToASCII } from 'node:url';
import { fromPem, toPem } from './chain-codec.ts';
import { readIfThere, writeIdentityFile } from './files.ts';
import { EC_P256, type Issuer, issueServer, nameOf } from './issue.ts';
import { BACKDATE_MS } from './open-ca.ts';

/** Browsers accept at most 398 days. In milliseconds. */
const VALID_MS = 397 * 86_400_000;
const RENEW_BEFORE_MS = 60 * 86_400_000;

/** A TLS certificate chain and its key, PEM. */
export interface TlsCertificate {
  cert: string;
  key: string;
  /** Unix time in milliseconds. */
  notAfterMs: number;
}

/**
 * The HTTPS certificate of a folder (`tls.pem`, `tls.key`). Replaced by a new one unless it covers all `hosts` (names or IP addresses)
 * for another 60 days.
 *
 * @throws {CanopyError} CA_UNUSABLE - the files cannot be read or written
 */
export async function openTlsCertificate(
  dir: string,
  issuer: Issuer,
  hosts: readonly string[],
  nowMs: number,
): Promise<TlsCertificate> {
  const names = [...new Set(hosts.map(normalize))].filter((host) => host !== '');
  const certFile = path.join(dir, 'tls.pem');
  const keyFile = path.join(dir, 'tls.key');
  const [cert, key] = await Promise.all([readIfThere(certFile), readIfThere(keyFile)]);
  const caDer = Buffer.from(issuer.certificate.rawData);
  if (cert !== undefined && key !== undefined) {
    const notAfterMs = servesUntil(cert, key, caDer, names, nowMs);
    if (notAfterMs - nowMs > RENEW_BEFORE_MS) {
      return { cert, key, notAfterMs };
    }
  }
  const issued = await issue(issuer, names, nowMs);
  writeIdentityFile(keyFile, issued.key);
  writeIdentityFile(certFile, issued.cert);
  return issued;
}

function normalize(host: string): string {
  const bare = host.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
  return isIP(bare) ? bare : domainToASCII(bare);
}

/** When a certificate for these names expires; 0 if it does not cover them, is not valid yet, or does not match this key or authority. */
function servesUntil(
  certPem: string,
  keyPem: string,
  caDer: Buffer,
  names: readonly string[],
  nowMs: number,
): number {
  try {
    const certificate = new NodeCertificate(certPem);
    const serves =
      Date.parse(certificate.validFrom) <= nowMs &&
      certificate.verify(new NodeCertificate(caDer).publicKey) &&
      certificate.checkPrivateKey(createPrivateKey(keyPem)) &&
      names.every(
        (name) => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined,
      ) &&
      fromPem(certPem, 'CERTIFICATE').length === 2;
    return serves ? Date.parse(certificate.validTo) : 0;
  } catch {
    return 0;
  }
}

async function issue(issuer: Issuer, names: readonly string[], nowMs: number): Promise<TlsCertificate> {
  const keys = await crypto.subtle.generateKey(EC_P256, true, ['sign', 'verify']);
  // Certificates store whole seconds.
  const notBeforeMs = Math.floor((nowMs - BACKDATE_MS) / 1000) * 1000;
  const notAfterMs = Math.min(notBeforeMs + VALID_MS, issuer.certificate.notAfter.getTime());
  const leaf = await issueServer(
    issuer,
    keys.publicKey,
    nameOf(names[0]?.slice(0, 64) ?? 'localhost'),
    { notBeforeMs, notAfterMs },
    names.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value })),
  );
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', keys.privateKey));
  return {
    cert: [leaf, issuer.certificate]
      .map(({ rawData }) => toPem(new Uint8Array(rawData), 'CERTIFICATE'))
      .join(''),
    key: toPem(pkcs8, 'PRIVATE KEY'),
    notAfterMs,
  };
}
