import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CanopyError, describeFileError } from '../../../base/index.ts';
import type { TlsMaterial } from './listener.ts';

export interface TlsFiles {
  tlsCert: string;
  tlsKey: string;
}

/**
 * Reads and validates a certificate chain and its key. With an unusable pair, the server would start but refuse every connection.
 *
 * @throws {CanopyError} CONFIG_INVALID - missing, empty, damaged, encrypted, mismatched or expired; names the setting
 */
export function readTlsFiles({ tlsCert, tlsKey }: TlsFiles): TlsMaterial & { certificate: X509Certificate } {
  const cert = read('server.tlsCert', tlsCert);
  const key = read('server.tlsKey', tlsKey);
  const [certificate] = chainOf('server.tlsCert', tlsCert, cert);
  if (!certificate.checkPrivateKey(keyOf(tlsKey, key))) {
    throw invalid('server.tlsKey', tlsKey, `it is not the key of the first certificate in ${tlsCert}`);
  }
  const { validTo, validToDate } = certificate;
  if (validToDate.getTime() <= Date.now()) {
    throw invalid('server.tlsCert', tlsCert, `the certificate expired on ${validTo}; renew it`);
  }
  return { cert, key, certificate };
}

/**
 * Reads certificate authorities, PEM.
 *
 * @throws {CanopyError} CONFIG_INVALID - missing, empty, damaged, or not authorities; names the setting
 */
export function readAuthorities(setting: string, file: string): string {
  const pem = read(setting, file);
  for (const { ca, subject } of chainOf(setting, file, pem)) {
    if (!ca) {
      throw invalid(setting, file, `${subject.replaceAll('\n', ', ')} is not a certificate authority`);
    }
  }
  return pem;
}

function read(setting: string, file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CanopyError('CONFIG_INVALID', `${setting}: ${describeFileError(file, cause)}`, { cause });
  }
  if (text.trim() === '') {
    throw invalid(setting, file, 'the file is empty');
  }
  return text;
}

function chainOf(setting: string, file: string, pem: string): [X509Certificate, ...X509Certificate[]] {
  const parts = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  try {
    const [first, ...rest] = parts.map((part) => new X509Certificate(part));
    if (first) {
      return [first, ...rest];
    }
  } catch (cause) {
    throw invalid(setting, file, 'a certificate in it cannot be read', cause);
  }
  throw invalid(setting, file, 'there is no certificate in it (PEM)');
}

function keyOf(file: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    const encrypted = /ENCRYPTED/.test(pem);
    const why = encrypted
      ? 'the key is encrypted with a password; store it without one (openssl pkey -in KEY -out NEWKEY)'
      : 'there is no private key in it (PEM)';
    throw invalid('server.tlsKey', file, why, cause);
  }
}

function invalid(setting: string, file: string, why: string, cause?: unknown): CanopyError {
  return new CanopyError('CONFIG_INVALID', `${setting}: ${file}: ${why}`, { cause });
}
