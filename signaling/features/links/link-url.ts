/** The address of a room link. The secret is in the fragment, which browsers do not send; the CA's fingerprint pins the server. */
export function linkUrl(publicUrl: string, secret: string, caFingerprintHex: string): string {
  const pin = Buffer.from(caFingerprintHex, 'hex').toString('base64url');
  return `${publicUrl.replace(/\/+$/, '')}/#/join/${secret}.${pin}`;
}
