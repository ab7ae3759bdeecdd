import type { EnrolRequest, EnrolResponse, ErrorResponse, ServerInfo } from '../../../contract/index.ts';
import { CanopyError } from '../../../contract/light.ts';
import { AnchorSet, OID, statementMatches, validateChain } from '../../../contract/x509/index.ts';
import { equalBytes, fromBase64, randomBytes, sha256, toBase64, toBase64Url } from '../bytes.ts';
import { requirePlatform } from '../requirements.ts';
import { openBackup } from './backup.ts';
import { type Certificate, readCertificate } from './certificate.ts';
import { Identity } from './identity.ts';
import { generateSigningKey, importPrivateKey, sign } from './keys.ts';
import { enrolmentRequest, forgetEnrolmentRequest } from './pending-enrolment.ts';
import { renewalDue, renewIdentity } from './renewal.ts';
import { type IdentityStore, memoryStore, type StoredIdentity } from './store.ts';

export interface ServerOptions {
  /** The server's address, e.g. `https://meet.example:8443`. */
  serverUrl: string;
  /** Where to keep the identity. Default: in memory only. */
  store?: IdentityStore;
  /** Default: the global `fetch`. */
  fetch?: typeof fetch;
}

export interface EnrolOptions extends ServerOptions {
  /** The invitation's secret. */
  secret: string;
  /** SHA-256 of the deployment CA's DER, base64url, from the invitation link. Without it, the CA that the server presents is trusted. */
  caFingerprint?: string;
  /** The name that others will see. Default: the invitation's. */
  displayName?: string;
}

/**
 * Uses an invitation: generates the account's and the device's keys, has the server certify the account, issues the device's certificate
 * and stores the identity. Everything that can be checked is checked before the invitation is spent. If the response is lost, call this
 * again: it repeats the same request, and the server gives the same answer.
 *
 * @throws {CanopyError} UNSUPPORTED_PLATFORM - the browser or Node is too old; INVITE_MISMATCH - the server is not the one in the link;
 * ORIGIN_NOT_ALLOWED - the server does not know the dialled address; INVITE_…, CSR_INVALID - the server refused; SERVER_UNVERIFIED - the
 * certificate is not for this key or was not issued by the deployment CA; CONNECTION_LOST
 */
export async function enrol(options: EnrolOptions): Promise<Identity> {
  requirePlatform();
  const { secret, displayName, store = memoryStore() } = options;
  const { origin } = new URL(options.serverUrl);
  const info = await serverInfo(options);
  const ca = readCertificate(info.deploymentCa);
  if (!(await isPinned(ca, options.caFingerprint))) {
    throw new CanopyError('INVITE_MISMATCH', 'its CA is not the one in the link');
  }
  const { csr, spki, accountKey } = await enrolmentRequest(origin, secret, {
    store,
    name: displayName ?? 'Canopy',
  });
  const request: EnrolRequest = { secret, csr, ...(displayName !== undefined && { displayName }) };
  let answer: EnrolResponse;
  try {
    answer = await callApi<EnrolResponse>(options, '/api/enrol', request);
  } catch (error) {
    if (!CanopyError.from(error).retryable) {
      await forgetEnrolmentRequest(origin, secret, store);
    }
    throw error;
  }
  const chain = answer.chain.map(readCertificate);
  const [account, last] = [chain[0], chain.at(-1)];
  if (!account || !last || chain.length < 2) {
    throw new CanopyError('CERT_MISSING');
  }
  if (!equalBytes(last.der, ca.der)) {
    throw new CanopyError(
      'SERVER_UNVERIFIED',
      'the certificate was not issued by the CA that the server presents',
    );
  }
  const rules = { atMs: account.notBeforeMs, usage: OID.clientAuth, authority: true };
  await validateChain(chain, new AnchorSet([ca]), rules);
  if (!equalBytes(account.spki, spki)) {
    throw new CanopyError('SERVER_UNVERIFIED', 'the certificate is not for the key that was sent');
  }
  const identity = await linkDevice(
    {
      origin,
      displayName: answer.displayName,
      accountChain: chain.slice(0, -1).map(({ der }) => toBase64(der)),
      deploymentCa: toBase64(ca.der),
      ...(answer.roomId !== undefined && { roomId: answer.roomId }),
    },
    accountKey,
    store,
  );
  await forgetEnrolmentRequest(origin, secret, store);
  return identity;
}

export interface RestoreOptions {
  /** The backup file's text. */
  backup: string;
  password: string;
  store?: IdentityStore;
}

/** Links this device to the account in a backup. @throws {CanopyError} UNSUPPORTED_PLATFORM, BACKUP_INVALID, CERT_EXPIRED */
export async function restoreFromBackup({ backup, password, store }: RestoreOptions): Promise<Identity> {
  requirePlatform();
  const { accountKey, ...account } = await openBackup(backup, password);
  const [first] = account.accountChain;
  if (!first) {
    throw new CanopyError('BACKUP_INVALID', 'no certificate');
  }
  const { key, notAfterMs } = readCertificate(first);
  if (Date.now() > notAfterMs) {
    throw new CanopyError('CERT_EXPIRED');
  }
  return linkDevice(account, await importPrivateKey(fromBase64(accountKey), key.type, true), store);
}

/** The stored identity for a server, if there is one. Renews its certificate first if that is due and the account's key can be used. */
export async function loadIdentity(serverUrl: string, store: IdentityStore): Promise<Identity | undefined> {
  const stored = await store.load(new URL(serverUrl).origin);
  const identity = stored && (await Identity.create(stored));
  if (identity && stored.accountKey && renewalDue(identity) === 'yes') {
    await renewIdentity(identity, store, stored.accountKey);
  }
  if (identity && !identity.issuedByAccount && !stored.authorities) {
    await pinAuthorities(identity, serverUrl, store).catch(() => {});
  }
  return identity;
}

/** Earlier versions pinned no authorities of a company: the device takes those that the server names now. */
async function pinAuthorities(identity: Identity, serverUrl: string, store: IdentityStore): Promise<void> {
  const { authorities } = await serverInfo({ serverUrl, withAuthorities: true });
  if (authorities) {
    await identity.update(store, (stored) => ({ ...stored, authorities }), identity.exportableKey);
  }
}

export interface ImportOptions extends ServerOptions {
  /** PEM: the device's certificate, then its issuers. */
  certificatePem: string;
  /** Unencrypted PKCS#8 PEM: ECDSA P-256 or P-384, RSA or Ed25519. */
  privateKeyPem: string;
  /** Default: the certificate's subject common name. */
  displayName?: string;
  /** SHA-256 of the deployment CA's DER, base64url. Without it, the CA that the server presents over TLS is trusted. */
  caFingerprint?: string;
  /**
   * PEM: the company's authorities, which this device trusts to issue other people's certificates. Default: the root at the end of
   * `certificatePem`; if there is none, those that the server names.
   */
  authoritiesPem?: string;
}

/**
 * Makes an identity from a certificate issued by a company's PKI, and pins the company's authorities.
 *
 * @throws {CanopyError} UNSUPPORTED_PLATFORM; CERT_MISSING; CERT_MALFORMED - the PEM is damaged, or the key does not match the certificate;
 * CERT_UNSUPPORTED; CERT_NONCONFORMING; CERT_UNTRUSTED and the like - none of the given authorities issued it; SERVER_UNVERIFIED - the CA is not the given one; ORIGIN_NOT_ALLOWED; CONNECTION_LOST
 */
export async function importIdentity(options: ImportOptions): Promise<Identity> {
  requirePlatform();
  const { chain, root } = withoutRoot(readCertificates(options.certificatePem));
  const [leaf] = chain;
  const [pkcs8] = readPem(options.privateKeyPem, 'PRIVATE KEY');
  if (!leaf) {
    throw new CanopyError('CERT_MISSING');
  }
  if (!pkcs8) {
    throw new CanopyError('CERT_MALFORMED', 'no PKCS#8 private key (BEGIN PRIVATE KEY)');
  }
  const given = options.authoritiesPem === undefined ? root : readCertificates(options.authoritiesPem);
  const info = await serverInfo({ ...options, withAuthorities: given.length === 0 });
  const ca = readCertificate(info.deploymentCa);
  if (!(await isPinned(ca, options.caFingerprint))) {
    throw new CanopyError('SERVER_UNVERIFIED', 'its CA is not the one that was given');
  }
  const store = options.store ?? memoryStore();
  const deviceKey = await importPrivateKey(fromBase64(pkcs8), leaf.key.type, store.needsExtractableKeys);
  const probe = randomBytes(32);
  if (!(await statementMatches(leaf.key, probe, await sign(deviceKey, leaf.key.type, probe)))) {
    throw new CanopyError('CERT_MALFORMED', 'the private key does not match the certificate');
  }
  if (given.length > 0) {
    await validateChain(chain, new AnchorSet(given), { atMs: leaf.notBeforeMs, usage: OID.clientAuth });
  }
  const authorities = given.length > 0 ? given.map(({ der }) => toBase64(der)) : info.authorities;
  const stored: StoredIdentity = {
    version: 1,
    origin: new URL(options.serverUrl).origin,
    ...(authorities && { authorities }),
    displayName: options.displayName ?? leaf.subjectCommonName ?? 'Canopy',
    chain: chain.map(({ der }) => toBase64(der)),
    deploymentCa: info.deploymentCa,
    deviceKey,
  };
  await store.save(stored);
  return Identity.create(stored);
}

interface Account {
  origin: string;
  displayName: string;
  accountChain: string[];
  deploymentCa: string;
  roomId?: string;
}

/** Issues a certificate for a new device key under an account, and stores both. The stored account key is not extractable. */
async function linkDevice(
  { accountChain, ...account }: Account,
  accountKey: CryptoKey,
  store: IdentityStore = memoryStore(),
): Promise<Identity> {
  const { DEVICE_AGE_MS, issueDeviceCertificate } = await import('./issue.ts');
  const device = await generateSigningKey(store.needsExtractableKeys);
  const leaf = await issueDeviceCertificate({
    account: accountChain[0] ?? '',
    accountKey,
    devicePublicKey: device.publicKey,
    displayName: account.displayName,
    maxAgeMs: DEVICE_AGE_MS[store.needsExtractableKeys ? 'program' : 'browser'],
  });
  const stored: StoredIdentity = {
    version: 1,
    ...account,
    chain: [leaf, ...accountChain],
    deviceKey: device.privateKey,
    accountKey: await storedKey(accountKey, store),
  };
  await store.save(stored);
  return Identity.create(stored, accountKey.extractable ? accountKey : undefined);
}

/** The account key as it is stored: not extractable, unless the store has to write it to a file. */
async function storedKey(accountKey: CryptoKey, store: IdentityStore): Promise<CryptoKey> {
  if (!accountKey.extractable) {
    return accountKey;
  }
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', accountKey));
  const stored = await importPrivateKey(pkcs8, 'P-256', store.needsExtractableKeys);
  pkcs8.fill(0);
  return stored;
}

/** @internal Whether a CA has this fingerprint, if one is given. */
export async function isPinned(ca: Certificate, fingerprint: string | undefined): Promise<boolean> {
  return fingerprint === undefined || toBase64Url(await sha256(ca.der)) === fingerprint;
}

/**
 * Fetches the server's description of itself. `withMedia`: also what rooms support, which is long; `withAuthorities`: also the company's
 * authorities. Default false.
 *
 * @throws {CanopyError} ORIGIN_NOT_ALLOWED - the server does not know the dialled address and would refuse every connection;
 * CONNECTION_LOST
 */
export async function serverInfo(
  options: ServerOptions & { withMedia?: boolean; withAuthorities?: boolean },
): Promise<ServerInfo> {
  const { origin } = new URL(options.serverUrl);
  const more = `${options.withMedia ? '&media=1' : ''}${options.withAuthorities ? '&authorities=1' : ''}`;
  const query = `origin=${encodeURIComponent(origin)}${more}`;
  const info = await callApi<ServerInfo>(options, `/api/server?${query}`);
  if (info.originAllowed === false) {
    throw new CanopyError('ORIGIN_NOT_ALLOWED', origin);
  }
  return info;
}

/** Whether the operator lets pages of an origin embed meetings (`server.embedders`). @throws {CanopyError} CONNECTION_LOST */
export async function mayEmbed(options: ServerOptions & { embedder: string }): Promise<boolean> {
  const query = `embedder=${encodeURIComponent(options.embedder)}`;
  const { embedderAllowed } = await callApi<ServerInfo>(options, `/api/server?${query}`);
  return embedderAllowed === true;
}

function readCertificates(pem: string): Certificate[] {
  return readPem(pem, 'CERTIFICATE').map(readCertificate);
}

/** A chain as it is presented, and its root if there was one. */
function withoutRoot(chain: readonly Certificate[]): { chain: Certificate[]; root: Certificate[] } {
  const isRoot = (each: Certificate, i: number) => i > 0 && i === chain.length - 1 && each.selfIssued;
  return { chain: chain.filter((each, i) => !isRoot(each, i)), root: chain.filter(isRoot) };
}

/** The base64 contents of the PEM blocks with this label (RFC 7468). */
function readPem(text: string, label: string): string[] {
  const blocks = text.matchAll(
    new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]+)-----END ${label}-----`, 'g'),
  );
  return [...blocks].map((match) => (match[1] ?? '').replace(/\s/g, ''));
}

/** @internal Calls the server's REST API. @throws {CanopyError} CONNECTION_LOST, or the server's refusal */
export async function callApi<T>(
  { serverUrl, fetch: call = fetch }: ServerOptions,
  path: string,
  body?: object,
): Promise<T> {
  let response: Response;
  let answer: unknown;
  try {
    response = await call(new URL(path, serverUrl), {
      ...(body && {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    answer = await response.json();
  } catch (cause) {
    throw new CanopyError('CONNECTION_LOST', undefined, { cause });
  }
  if (response.ok) {
    return answer as T;
  }
  const { error } = answer as Partial<ErrorResponse>;
  throw error ? CanopyError.fromBody(error) : new CanopyError('INTERNAL', `HTTP ${response.status}`);
}
