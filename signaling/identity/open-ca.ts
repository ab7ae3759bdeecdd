import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { CanopyError } from '../../base/errors/index.ts';
import { fromPem, toPem } from './chain-codec.ts';
import { readIfThere, writeIdentityFile } from './files.ts';
import { EC_P256, ECDSA_SHA256, type Issuer, issueRoot, nameOf } from './issue.ts';
import { accountIds } from './names.ts';
import { X509Certificate } from './x509.ts';

const CA_YEARS = 10;
const YEAR_MS = 365.25 * 86_400_000;
/**
 * How far certificates are backdated, in milliseconds: it covers clients with slow clocks, and a server started with a fast clock (such as
 * local time taken for UTC) that is corrected later.
 */
export const BACKDATE_MS = 86_400_000;

/**
 * Opens the deployment CA of a folder, `ca.pem` and `ca.key` (0600). Creates it if neither file exists.
 *
 * @throws {CanopyError} CA_UNUSABLE - a file is missing or damaged, they do not match, or the CA has expired
 */
export async function openCa(dir: string, name: string, nowMs: number): Promise<Issuer> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const certificateFile = path.join(dir, 'ca.pem');
  const keyFile = path.join(dir, 'ca.key');
  const [certificatePem, keyPem] = await Promise.all([readIfThere(certificateFile), readIfThere(keyFile)]);
  if (certificatePem === undefined && keyPem === undefined) {
    return createCa(certificateFile, keyFile, name, nowMs);
  }
  // If one of the two is missing, never recreate it: every identity of the deployment depends on the pair.
  if (certificatePem === undefined) {
    throw new CanopyError('CA_UNUSABLE', `${certificateFile} is missing`);
  }
  if (keyPem === undefined) {
    throw new CanopyError('CA_UNUSABLE', `${keyFile} is missing`);
  }
  // Fails if another user owns the file (a restored volume); its mode stays as it is.
  await chmod(keyFile, 0o600).catch(() => {});
  const issuer = await load(certificatePem, keyPem).catch((cause) => {
    throw new CanopyError('CA_UNUSABLE', `${certificateFile} and ca.key do not match`, { cause });
  });
  if (issuer.certificate.notAfter.getTime() <= nowMs) {
    throw new CanopyError('CA_UNUSABLE', `${certificateFile} has expired`);
  }
  return issuer;
}

async function createCa(
  certificateFile: string,
  keyFile: string,
  name: string,
  nowMs: number,
): Promise<Issuer> {
  const keys = await crypto.subtle.generateKey(EC_P256, true, ['sign', 'verify']);
  const { accountAlias } = accountIds(new Uint8Array(await crypto.subtle.exportKey('spki', keys.publicKey)));
  const certificate = await issueRoot(keys, nameOf(`${name.slice(0, 60)} CA`, accountAlias), {
    notBeforeMs: nowMs - BACKDATE_MS,
    notAfterMs: nowMs + CA_YEARS * YEAR_MS,
  });
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', keys.privateKey));
  // The key last: if a start is interrupted in between, the next one reports that the key is missing.
  writeIdentityFile(certificateFile, toPem(new Uint8Array(certificate.rawData), 'CERTIFICATE'));
  writeIdentityFile(keyFile, toPem(pkcs8, 'PRIVATE KEY'));
  return { certificate, privateKey: await importKey(pkcs8) };
}

async function load(certificatePem: string, keyPem: string): Promise<Issuer> {
  const [certificateDer] = fromPem(certificatePem, 'CERTIFICATE');
  const [pkcs8] = fromPem(keyPem, 'PRIVATE KEY');
  if (!certificateDer || !pkcs8) {
    throw new Error('not PEM');
  }
  const certificate = new X509Certificate(certificateDer as Uint8Array<ArrayBuffer>);
  const privateKey = await importKey(pkcs8);
  const probe = new Uint8Array(32);
  const signature = await crypto.subtle.sign(ECDSA_SHA256, privateKey, probe);
  const publicKey = await certificate.publicKey.export(EC_P256, ['verify']);
  if (!(await crypto.subtle.verify(ECDSA_SHA256, publicKey, signature, probe))) {
    throw new Error('key mismatch');
  }
  return { certificate, privateKey };
}

function importKey(pkcs8: Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey('pkcs8', new Uint8Array(pkcs8), EC_P256, false, ['sign']);
}
