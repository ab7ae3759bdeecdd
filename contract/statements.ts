/**
 * Builds a byte string to be signed, in UTF-8. Each starts with its own label and version, so that a signature made for one purpose cannot
 * be used for another. Fields are joined by line feeds.
 *
 * ECDSA signatures are raw (r ‖ s, IEEE P1363), as WebCrypto creates them, with SHA-256 for P-256 and SHA-384 for P-384.
 *
 * @throws {TypeError} if a field is empty or contains control characters
 */
function statement(label: string, ...fields: Array<string | number>): Uint8Array<ArrayBuffer> {
  const lines = [label, ...fields.map(String)];
  for (const line of lines) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    if (line === '' || /[\u0000-\u001f\u007f]/.test(line)) {
      throw new TypeError(
        `a signed field must be non-empty and without control characters: ${JSON.stringify(line)}`,
      );
    }
  }
  return new TextEncoder().encode(lines.join('\n')) as Uint8Array<ArrayBuffer>;
}

export interface AuthStatement {
  /** The web origin that the client itself connected to, e.g. `https://meet.example:8443`. */
  origin: string;
  /** The server's 32 random bytes, base64url without padding. */
  nonce: string;
  /** The client's clock, Unix time in milliseconds. */
  timeMs: number;
  /** SHA-256 of the device certificate's SPKI, 64 hex digits. */
  deviceId: string;
}

/** Signed by a device to prove that it holds the key of its certificate. */
export function authStatement({ origin, nonce, timeMs, deviceId }: AuthStatement): Uint8Array<ArrayBuffer> {
  return statement('canopy/auth/1', origin, nonce, timeMs, deviceId);
}

export interface DtlsStatement {
  deviceId: string;
  /** The transport's id, a random one chosen by the server: makes each signature single-use. */
  transportId: string;
  /** `sha-256` fingerprint of the DTLS certificate, upper-case hex pairs joined by colons (RFC 8122). */
  fingerprint: string;
}

/** Signed by a device to bind its DTLS certificate to its identity. */
export function dtlsStatement({
  deviceId,
  transportId,
  fingerprint,
}: DtlsStatement): Uint8Array<ArrayBuffer> {
  return statement('canopy/dtls/1', deviceId, transportId, 'sha-256', fingerprint);
}

export interface ServerDtlsStatement {
  workerId: string;
  /** `sha-256` fingerprint of the worker's DTLS certificate, upper-case hex pairs joined by colons. */
  fingerprint: string;
  /** When the server signed it, Unix time in milliseconds. Clients accept a difference of up to 24 hours. */
  timeMs: number;
}

/** Signed by the server's leaf to bind a worker's DTLS certificate to the deployment. */
export function serverDtlsStatement({
  workerId,
  fingerprint,
  timeMs,
}: ServerDtlsStatement): Uint8Array<ArrayBuffer> {
  return statement('canopy/server-dtls/1', workerId, 'sha-256', fingerprint, timeMs);
}

export interface LinkRequestStatement {
  /** What both devices derive from the code, base64url. */
  exchangeId: string;
  /** SHA-256 of the deployment CA's DER, base64url, as this device knows it. */
  caFingerprint: string;
  /** The new device's SPKI, base64url. */
  deviceKey: string;
  /** The new device's HPKE key for this exchange, an uncompressed point, base64url. */
  sealingKey: string;
  /** The name that the new device's user chose. */
  name: string;
  /** The browser and system, as the new device describes itself. */
  client: string;
}

/** Signed by a new device, and authenticated with the code's secret, when it asks an older device of the account to add it. */
export function linkRequestStatement({
  exchangeId,
  caFingerprint,
  deviceKey,
  sealingKey,
  name,
  client,
}: LinkRequestStatement): Uint8Array<ArrayBuffer> {
  return statement('canopy/link-request/1', exchangeId, caFingerprint, deviceKey, sealingKey, name, client);
}

/** The HPKE info of the older device's answer. `requestHash`: SHA-256 of the request's statement, base64url. */
export function linkAnswerStatement(answer: {
  exchangeId: string;
  requestHash: string;
}): Uint8Array<ArrayBuffer> {
  return statement('canopy/link-answer/1', answer.exchangeId, answer.requestHash);
}

/**
 * Authenticated with the code's secret by the new device once it has stored its certificate. `answerHash`: SHA-256 of the sealed answer,
 * base64url.
 */
export function linkDoneStatement(done: { exchangeId: string; answerHash: string }): Uint8Array<ArrayBuffer> {
  return statement('canopy/link-done/1', done.exchangeId, done.answerHash);
}

export interface RenewalStatement {
  /** SHA-256 of the device's SPKI, 64 hex digits. */
  deviceId: string;
  /** SHA-256 of the certificate to be replaced, base64url. */
  certificateHash: string;
  /** The device's clock, Unix time in milliseconds. */
  timeMs: number;
}

/** Signed by a device that asks for a new certificate from a device that holds the account's key. */
export function renewalStatement({
  deviceId,
  certificateHash,
  timeMs,
}: RenewalStatement): Uint8Array<ArrayBuffer> {
  return statement('canopy/renew/1', deviceId, certificateHash, timeMs);
}

export interface VerifiedStatement {
  /** The account that the device belongs to. */
  ownAccountId: string;
  /** The account of the person whose verification code was compared. */
  accountId: string;
  /** The person's name in the contacts. */
  name: string;
  /** When the codes were compared, Unix time in milliseconds. */
  timeMs: number;
  deviceId: string;
}

/** Signed by a device to record that its user compared verification codes with somebody, for the account's other devices. */
export function verifiedStatement({
  ownAccountId,
  accountId,
  name,
  timeMs,
  deviceId,
}: VerifiedStatement): Uint8Array<ArrayBuffer> {
  return statement('canopy/verified/1', ownAccountId, accountId, name, timeMs, deviceId);
}

export interface GroupHeadStatement {
  /** The group's id, hex. */
  groupId: string;
  epoch: number;
  /** SHA-256 of `canopy/group-head/1`, a line feed and the epoch's authenticator, base64. */
  digest: string;
  deviceId: string;
}

/** Signed by a device that is in an epoch of an encrypted room's group, so that others notice if they are shown another history. */
export function groupHeadStatement({
  groupId,
  epoch,
  digest,
  deviceId,
}: GroupHeadStatement): Uint8Array<ArrayBuffer> {
  return statement('canopy/group-head/1', groupId, epoch, digest, deviceId);
}

export interface ContentStatement {
  /** What it belongs to: `room` and the room's name. */
  scope: string;
  /** The id of the message that it is, changes or reacts to, or the participant who shows a sign. */
  id: string;
  deviceId: string;
  /** SHA-256 of the envelope's header, which has kind, group, epoch, leaf and nonce; hex. */
  headerHash: string;
  /** SHA-256 of the content, hex. */
  contentHash: string;
}

/** Signed by the device that encrypts content, inside the encryption: all members have the keys, so these alone do not say who wrote it. */
export function contentStatement({
  scope,
  id,
  deviceId,
  headerHash,
  contentHash,
}: ContentStatement): Uint8Array<ArrayBuffer> {
  return statement('canopy/content/1', scope, id, deviceId, headerHash, contentHash);
}

/** Maximum difference between a server's DTLS statement and the client's clock, either way, in milliseconds. */
export const SERVER_DTLS_MAX_AGE_MS = 24 * 60 * 60 * 1000;

export interface RevokedStatement {
  /** When it was signed, Unix time in milliseconds. */
  timeMs: number;
  /** Ids of revoked devices and accounts, 64 hex digits each. */
  ids: readonly string[];
}

/** Signed by the server's leaf, so that clients can see for themselves who is revoked. */
export function revokedStatement({ timeMs, ids }: RevokedStatement): Uint8Array<ArrayBuffer> {
  return statement('canopy/revoked/1', timeMs, ...ids);
}
