import { createECDH, hkdfSync } from 'node:crypto';

/** A server's key pair for push services (RFC 8292), base64url. */
export interface VapidKeys {
  publicKey: string;
  privateKey: string;
}

/** Derives the key pair from a secret, so that it stays the same: subscriptions are bound to it. */
export function vapidKeys(secret: string): VapidKeys {
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(Buffer.from(hkdfSync('sha256', secret, '', 'canopy/push/1', 32)));
  return {
    publicKey: ecdh.getPublicKey('base64url'),
    privateKey: ecdh.getPrivateKey('base64url').padStart(43, 'A'),
  };
}
