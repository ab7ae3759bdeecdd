/** What is kept of an identity. Browsers keep the keys as CryptoKey objects, which need not be extractable. */
export interface StoredIdentity {
  version: 1;
  /** The server's web origin: one identity is kept for each. */
  origin: string;
  displayName: string;
  /** Base64 DER, device leaf first, without the root. */
  chain: string[];
  /** Base64 DER. */
  deploymentCa: string;
  deviceKey: CryptoKey;
  /** Absent where a company's PKI made the device certificate. */
  accountKey?: CryptoKey;
  roomId?: string;
}

/** State of an unanswered enrolment, kept so that reloading the page costs no invitation. */
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

/** Where identities are kept: IndexedDB in browsers (browserStore), memory, a file elsewhere. */
export interface IdentityStore {
  /** Whether the keys must be extractable so that this store can write them down. */
  readonly needsExtractableKeys: boolean;
  load(origin: string): Promise<StoredIdentity | undefined>;
  save(identity: StoredIdentity): Promise<void>;
  remove(origin: string): Promise<void>;
  /** Optional: keeps one unanswered enrolment; undefined forgets it. */
  savePending?(origin: string, pending: PendingEnrolment | undefined): Promise<void>;
  loadPending?(origin: string): Promise<PendingEnrolment | undefined>;
}

/** Keeps identities while the program runs. */
export function memoryStore(): IdentityStore {
  const identities = new Map<string, StoredIdentity>();
  return {
    needsExtractableKeys: false,
    load: async (origin) => identities.get(origin),
    save: async (identity) => void identities.set(identity.origin, identity),
    remove: async (origin) => void identities.delete(origin),
  };
}
