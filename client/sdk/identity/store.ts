import type { WrappedKey } from './key-wrap.ts';

/** An identity as it is stored. Browsers store the CryptoKey objects themselves, which need not be extractable. */
export interface StoredIdentity {
  version: 1;
  /** The server's origin; one identity is stored for each. */
  origin: string;
  displayName: string;
  /** Base64 DER, device leaf first, without the root. */
  chain: string[];
  /** Base64 DER. */
  deploymentCa: string;
  /** The company's authorities that issue other people's certificates, base64 DER: pinned when the device imported its own. */
  authorities?: string[];
  deviceKey: CryptoKey;
  /** Signs without asking. Absent if the key is wrapped or elsewhere, or a company's PKI issued the device certificate. */
  accountKey?: CryptoKey;
  /** The account's key, encrypted: instead of `accountKey`. */
  wrappedAccountKey?: WrappedKey;
  roomId?: string;
}

/** An unanswered enrolment, stored so that reloading the page does not cost the invitation. */
export interface PendingEnrolment {
  /** SHA-256 of the invitation's secret, base64url. */
  secretHash: string;
  /** PKCS#10, DER in base64. */
  csr: string;
  /** The public key in it, base64. */
  spki: string;
  /** Not extractable. */
  accountKey: CryptoKey;
}

/** Storage for identities, e.g. IndexedDB in browsers (browserStore) or a file elsewhere. */
export interface IdentityStore {
  /** Whether keys must be extractable, because this store serialises them. */
  readonly needsExtractableKeys: boolean;
  load(origin: string): Promise<StoredIdentity | undefined>;
  save(identity: StoredIdentity): Promise<void>;
  remove(origin: string): Promise<void>;
  /** Optional: stores one unanswered enrolment; undefined removes it. */
  savePending?(origin: string, pending: PendingEnrolment | undefined): Promise<void>;
  loadPending?(origin: string): Promise<PendingEnrolment | undefined>;
}

/** Keeps identities in memory while the program runs. */
export function memoryStore(): IdentityStore {
  const identities = new Map<string, StoredIdentity>();
  return {
    needsExtractableKeys: false,
    load: async (origin) => identities.get(origin),
    save: async (identity) => void identities.set(identity.origin, identity),
    remove: async (origin) => void identities.delete(origin),
  };
}
