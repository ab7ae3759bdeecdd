import { type Bytes, fromBase64, sha256, toBase64, toBase64Url } from '../bytes.ts';
import { generateSigningKey, importPrivateKey } from './keys.ts';
import type { IdentityStore } from './store.ts';

/** A certificate request and the account's key. */
export interface EnrolmentRequest {
  /** PKCS#10, DER in base64. */
  csr: string;
  /** The public key in it. */
  spki: Bytes;
  /** Extractable, unless it was loaded from the store after a reload. */
  accountKey: CryptoKey;
}

/** Unanswered requests of this page, by origin and secret. */
const waiting = new Map<string, EnrolmentRequest>();

/**
 * The request for an invitation: the earlier one if its response was lost, otherwise a new one. The server answers a repeated request with
 * the same certificate, so a lost response does not cost an invitation.
 */
export async function enrolmentRequest(
  origin: string,
  secret: string,
  { store, name }: { store: IdentityStore; name: string },
): Promise<EnrolmentRequest> {
  const key = `${origin} ${secret}`;
  const known = waiting.get(key) ?? (await keptRequest(origin, secret, store));
  if (known) {
    return known;
  }
  const { createCsr } = await import('./issue.ts');
  const keys = await generateSigningKey(true);
  const request: EnrolmentRequest = {
    csr: await createCsr(keys, name),
    spki: new Uint8Array(await crypto.subtle.exportKey('spki', keys.publicKey)),
    accountKey: keys.privateKey,
  };
  waiting.set(key, request);
  if (store.savePending) {
    const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', keys.privateKey));
    const accountKey = await importPrivateKey(pkcs8, 'P-256', false);
    pkcs8.fill(0);
    const { csr, spki } = request;
    await store.savePending(origin, {
      secretHash: await hash(secret),
      csr,
      spki: toBase64(spki),
      accountKey,
    });
  }
  return request;
}

/** Forgets the request, since the server accepted it or refused it for good. */
export async function forgetEnrolmentRequest(
  origin: string,
  secret: string,
  store: IdentityStore,
): Promise<void> {
  waiting.delete(`${origin} ${secret}`);
  await store.savePending?.(origin, undefined);
}

async function keptRequest(
  origin: string,
  secret: string,
  store: IdentityStore,
): Promise<EnrolmentRequest | undefined> {
  const kept = await store.loadPending?.(origin);
  if (!kept || kept.secretHash !== (await hash(secret))) {
    return undefined;
  }
  return { csr: kept.csr, spki: fromBase64(kept.spki), accountKey: kept.accountKey };
}

async function hash(secret: string): Promise<string> {
  return toBase64Url(await sha256(new TextEncoder().encode(secret)));
}
