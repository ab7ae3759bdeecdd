/** The messages with which an older device of an account adds a new one. Loaded only for that. */
import { AEAD_AES_256_GCM, CipherSuite, KDF_HKDF_SHA256, KEM_DHKEM_P256_HKDF_SHA256 } from 'hpke';
import type { RequestInput } from '../../../contract/index.ts';
import {
  CanopyError,
  linkAnswerStatement,
  linkDoneStatement,
  linkRequestStatement,
} from '../../../contract/light.ts';
import { decodePublicKey, statementMatches } from '../../../contract/x509/index.ts';
import { type Bytes, fromBase64Url, sha256, toBase64Url, toHex } from '../bytes.ts';
import { sign } from './keys.ts';
import type { LinkSecrets } from './link-code.ts';

export type LinkRequest = RequestInput<'device.request'>['request'];
export type LinkAnswer = RequestInput<'device.answer'>['answer'];

/** What the older device hands over. */
export interface LinkedAccount {
  displayName: string;
  /** Base64 DER: the new device's leaf, the account's certificate and its issuers, without the root. */
  chain: string[];
  /** A guest's room. */
  roomId?: string;
  /** PKCS#8, base64: only with the user's consent. */
  accountKey?: string;
}

/** The new device's part, kept until the answer arrives. */
export interface PendingLink {
  request: LinkRequest;
  /** The request's statement. */
  statement: Bytes;
  sealingKeys: { privateKey: CryptoKey; publicKey: CryptoKey };
}

const suite = new CipherSuite(KEM_DHKEM_P256_HKDF_SHA256, KDF_HKDF_SHA256, AEAD_AES_256_GCM);

/** The new device asks to be added. */
export async function makeLinkRequest(
  { exchangeId, macKey }: LinkSecrets,
  {
    caFingerprint,
    deviceKeys,
    name,
    client,
  }: { caFingerprint: string; deviceKeys: CryptoKeyPair; name: string; client: string },
): Promise<PendingLink> {
  const sealingKeys = (await suite.GenerateKeyPair()) as PendingLink['sealingKeys'];
  const spki = new Uint8Array(await crypto.subtle.exportKey('spki', deviceKeys.publicKey));
  const deviceKey = toBase64Url(spki);
  const sealingKey = toBase64Url(await suite.SerializePublicKey(sealingKeys.publicKey));
  const statement = linkRequestStatement({ exchangeId, caFingerprint, deviceKey, sealingKey, name, client });
  const signature = toBase64Url(await sign(deviceKeys.privateKey, 'P-256', statement));
  const mac = await macOf(macKey, statement);
  return { request: { deviceKey, sealingKey, name, client, signature, mac }, statement, sealingKeys };
}

/**
 * The older device checks a request: that it comes from someone who knows the code and holds the device's key. Returns its statement and
 * the key to certify.
 *
 * @throws {CanopyError} DEVICE_LINK_FORGED
 */
export async function readLinkRequest(
  { exchangeId, macKey }: LinkSecrets,
  { caFingerprint, request }: { caFingerprint: string; request: LinkRequest },
): Promise<{ statement: Bytes; devicePublicKey: CryptoKey; deviceId: string }> {
  try {
    const { deviceKey, sealingKey, name, client, signature, mac } = request;
    const statement = linkRequestStatement({
      exchangeId,
      caFingerprint,
      deviceKey,
      sealingKey,
      name,
      client,
    });
    await requireMac(macKey, mac, statement);
    const spki = fromBase64Url(deviceKey);
    if (!(await statementMatches(decodePublicKey(spki), statement, fromBase64Url(signature)))) {
      throw new Error('its signature is wrong');
    }
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
    const devicePublicKey = await crypto.subtle.importKey('spki', spki, algorithm, true, ['verify']);
    return { statement, devicePublicKey, deviceId: toHex(await sha256(spki)) };
  } catch (cause) {
    throw forged(cause);
  }
}

/** The older device's answer, which only the new device can read, and only one that knows the code could make (HPKE, mode_psk). */
export async function sealLinkAnswer(
  { exchangeId, psk }: LinkSecrets,
  { request, statement, account }: { request: LinkRequest; statement: Bytes; account: LinkedAccount },
): Promise<LinkAnswer> {
  const recipient = await suite.DeserializePublicKey(fromBase64Url(request.sealingKey));
  const { encapsulatedSecret, ciphertext } = await suite.Seal(
    recipient,
    new TextEncoder().encode(JSON.stringify(account)),
    { ...(await answerContext(exchangeId, statement)), psk },
  );
  return { encapsulated: toBase64Url(encapsulatedSecret), sealed: toBase64Url(ciphertext) };
}

/** The new device opens the answer. @throws {CanopyError} DEVICE_LINK_FORGED */
export async function openLinkAnswer(
  { exchangeId, psk }: LinkSecrets,
  { statement, sealingKeys }: PendingLink,
  answer: LinkAnswer,
): Promise<LinkedAccount> {
  try {
    const opened = await suite.Open(
      sealingKeys,
      fromBase64Url(answer.encapsulated),
      fromBase64Url(answer.sealed),
      { ...(await answerContext(exchangeId, statement)), psk },
    );
    return JSON.parse(new TextDecoder().decode(opened)) as LinkedAccount;
  } catch (cause) {
    throw forged(cause);
  }
}

/** The new device's confirmation that it has stored what the answer contained. */
export async function makeLinkConfirmation(
  { exchangeId, macKey }: LinkSecrets,
  answer: LinkAnswer,
): Promise<string> {
  return macOf(macKey, await doneStatement(exchangeId, answer));
}

/** @throws {CanopyError} DEVICE_LINK_FORGED */
export async function checkLinkConfirmation(
  { exchangeId, macKey }: LinkSecrets,
  { answer, confirmation }: { answer: LinkAnswer; confirmation: string },
): Promise<void> {
  try {
    await requireMac(macKey, confirmation, await doneStatement(exchangeId, answer));
  } catch (cause) {
    throw forged(cause);
  }
}

async function answerContext(exchangeId: string, statement: Bytes): Promise<{ info: Bytes; pskId: Bytes }> {
  const requestHash = toBase64Url(await sha256(statement));
  return {
    info: linkAnswerStatement({ exchangeId, requestHash }),
    pskId: new TextEncoder().encode(exchangeId) as Bytes,
  };
}

async function doneStatement(exchangeId: string, { sealed }: LinkAnswer): Promise<Bytes> {
  return linkDoneStatement({ exchangeId, answerHash: toBase64Url(await sha256(fromBase64Url(sealed))) });
}

async function macOf(macKey: CryptoKey, statement: Bytes): Promise<string> {
  return toBase64Url(new Uint8Array(await crypto.subtle.sign('HMAC', macKey, statement)));
}

async function requireMac(macKey: CryptoKey, mac: string, statement: Bytes): Promise<void> {
  if (!(await crypto.subtle.verify('HMAC', macKey, fromBase64Url(mac), statement))) {
    throw new Error('its sender does not know the code, or another CA');
  }
}

function forged(cause: unknown): CanopyError {
  return new CanopyError('DEVICE_LINK_FORGED', cause instanceof Error ? cause.message : undefined, { cause });
}
