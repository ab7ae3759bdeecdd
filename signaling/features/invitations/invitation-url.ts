/** Link of an invitation. The secret stands in the fragment, which browsers send to nobody; the CA's fingerprint pins the server. */
export function invitationUrl(publicUrl: string, secret: string, caFingerprintHex: string): string {
  const pin = Buffer.from(caFingerprintHex, 'hex').toString('base64url');
  return `${publicUrl.replace(/\/+$/, '')}/#/invite/${secret}.${pin}`;
}
