import { CanopyError } from '../../base/errors/index.ts';

/** Encodes DER certificates for the protocol: base64, in the same order. */
export function encodeChain(chain: readonly Uint8Array[]): string[] {
  return chain.map((der) => Buffer.from(der).toString('base64'));
}

/** The reverse of encodeChain(). @throws {CanopyError} CERT_MALFORMED - an item is not base64 */
export function decodeChain(chain: readonly string[]): Uint8Array[] {
  return chain.map((text, i) => {
    const der = Buffer.from(text, 'base64');
    if (der.length === 0 || der.toString('base64') !== text) {
      throw new CanopyError('CERT_MALFORMED', `certificate ${i} is not base64`);
    }
    return new Uint8Array(der);
  });
}

/** Encodes a DER structure as PEM (RFC 7468). */
export function toPem(der: Uint8Array, label: string): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** Decodes the structures with one of these labels from a PEM text, in order. Text around them is skipped. */
export function fromPem(pem: string, ...labels: string[]): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const [, label = '', body = ''] of pem.matchAll(
    /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/g,
  )) {
    if (labels.includes(label)) {
      found.push(new Uint8Array(Buffer.from(body, 'base64')));
    }
  }
  return found;
}
