import { CanopyError } from '../../../contract/light.ts';
import { type Bytes, fromBase64, randomBytes, toBase64 } from '../bytes.ts';

/** A passkey's id and the secret that its PRF extension (WebAuthn level 3 §10.1.4) yields for a salt; both texts are base64. */
export interface PasskeySecret {
  credentialId: string;
  salt: string;
  secret: Bytes;
}

/** Whether this browser may be able to protect keys with passkeys. Only creating one shows whether the authenticator can. */
export async function passkeysUsable(): Promise<boolean> {
  if (typeof PublicKeyCredential !== 'function' || /^[\d.]+$|:/.test(location.hostname)) {
    // A passkey belongs to a domain, never to an IP address.
    return false;
  }
  try {
    const able = await PublicKeyCredential.getClientCapabilities?.();
    return able?.['extension:prf'] ?? false;
  } catch {
    return false;
  }
}

/** Creates a passkey that can protect keys. Asks the user. @throws {CanopyError} PASSKEY_UNAVAILABLE */
export async function createPasskey(displayName: string): Promise<PasskeySecret> {
  const salt = randomBytes(32);
  const created = await asked(() =>
    navigator.credentials.create({
      publicKey: {
        rp: { name: 'Canopy' },
        user: { id: randomBytes(32), name: displayName, displayName },
        challenge: randomBytes(32),
        pubKeyCredParams: [
          { type: 'public-key', alg: -7 },
          { type: 'public-key', alg: -257 },
        ],
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
        extensions: { prf: { eval: { first: salt } } },
      },
    }),
  );
  const credentialId = toBase64(new Uint8Array(created.rawId));
  const { prf } = created.getClientExtensionResults();
  const secret = firstOf(prf);
  if (secret) {
    return { credentialId, salt: toBase64(salt), secret };
  }
  if (!prf?.enabled) {
    throw new CanopyError('PASSKEY_UNAVAILABLE', 'it has no PRF');
  }
  // Many authenticators yield the secret only when the passkey is used.
  return unlockWithPasskey({ credentialId, salt: toBase64(salt) });
}

/** Uses a passkey. Asks the user. @throws {CanopyError} PASSKEY_UNAVAILABLE */
export async function unlockWithPasskey({
  credentialId,
  salt,
}: Pick<PasskeySecret, 'credentialId' | 'salt'>): Promise<PasskeySecret> {
  const used = await asked(() =>
    navigator.credentials.get({
      publicKey: {
        challenge: randomBytes(32),
        allowCredentials: [{ type: 'public-key', id: fromBase64(credentialId) }],
        userVerification: 'required',
        extensions: { prf: { eval: { first: fromBase64(salt) } } },
      },
    }),
  );
  const secret = firstOf(used.getClientExtensionResults().prf);
  if (!secret) {
    throw new CanopyError('PASSKEY_UNAVAILABLE', 'it has no PRF');
  }
  return { credentialId, salt, secret };
}

async function asked(ask: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    const credential = await ask();
    if (credential instanceof PublicKeyCredential) {
      return credential;
    }
  } catch (cause) {
    throw new CanopyError('PASSKEY_UNAVAILABLE', cause instanceof Error ? cause.name : undefined, { cause });
  }
  throw new CanopyError('PASSKEY_UNAVAILABLE');
}

function firstOf(prf: AuthenticationExtensionsPRFOutputs | undefined): Bytes | undefined {
  const first = prf?.results?.first;
  if (!first) {
    return undefined;
  }
  return first instanceof ArrayBuffer
    ? new Uint8Array(first)
    : new Uint8Array(first.buffer as ArrayBuffer, first.byteOffset, first.byteLength).slice();
}
