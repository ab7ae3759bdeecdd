import { randomBytes } from 'node:crypto';
import { CanopyError } from '../../base/errors/index.ts';
import { authStatement, type DtlsStatement, dtlsStatement } from '../../contract/index.ts';
import { decodeChain } from './chain-codec.ts';
import type { TrustStore } from './trust-store.ts';
import type { VerifiedDevice } from './verified-device.ts';
import { verifyChain } from './verify-chain.ts';

const NONCE_BYTES = 32;

/** A challenge: 32 random bytes, base64url. Give each to one connection and take its proof once. */
export function createNonce(): string {
  return randomBytes(NONCE_BYTES).toString('base64url');
}

/** What a device answers to a challenge: the data of `auth.prove`. */
export interface AuthProof {
  /** DER in base64, leaf first. */
  chain: readonly string[];
  origin: string;
  nonce: string;
  timeMs: number;
  /** Base64url, over authStatement(). */
  signature: string;
}

export interface ExpectedProof {
  /** The nonce that this connection was given and that was not used yet. */
  nonce: string;
  /** The origins by which clients reach this server. */
  origins: ReadonlySet<string>;
  nowMs: number;
  /** How far the client's clock may be off either way, in milliseconds. */
  clockSkewMs: number;
  trust: TrustStore;
}

/**
 * Verifies that the peer holds the key of an acceptable certificate, cheap checks first. Errors: `AUTH_BAD_NONCE`,
 * `AUTH_BAD_ORIGIN`, `AUTH_STALE`, the `CERT_…` codes, `AUTH_BAD_SIGNATURE`.
 */
export async function verifyAuthProof(proof: AuthProof, expected: ExpectedProof): Promise<VerifiedDevice> {
  const { origin, nonce, timeMs, signature } = proof;
  if (nonce !== expected.nonce) {
    throw new CanopyError('AUTH_BAD_NONCE');
  }
  if (!expected.origins.has(origin)) {
    throw new CanopyError('AUTH_BAD_ORIGIN', origin.slice(0, 300));
  }
  if (!(Math.abs(timeMs - expected.nowMs) <= expected.clockSkewMs)) {
    throw new CanopyError('AUTH_STALE', `${Math.round((timeMs - expected.nowMs) / 1000)} seconds off`);
  }
  const device = await verifyChain(decodeChain(proof.chain), expected.trust, expected.nowMs);
  const { deviceId } = device;
  if (!(await signed(device, signature, () => authStatement({ origin, nonce, timeMs, deviceId })))) {
    throw new CanopyError('AUTH_BAD_SIGNATURE');
  }
  return device;
}

/** Verifies that the device itself signed its DTLS fingerprint for this transport. Errors: `FINGERPRINT_UNSIGNED`. */
export async function verifyDtlsProof(
  device: VerifiedDevice,
  { transportId, fingerprint, signature }: Omit<DtlsStatement, 'deviceId'> & { signature: string },
): Promise<void> {
  const { deviceId } = device;
  if (!(await signed(device, signature, () => dtlsStatement({ deviceId, transportId, fingerprint })))) {
    throw new CanopyError('FINGERPRINT_UNSIGNED');
  }
}

async function signed(device: VerifiedDevice, signature: string, make: () => Uint8Array): Promise<boolean> {
  let statement: Uint8Array;
  try {
    statement = make();
  } catch {
    // A field that no honest client can have signed: empty, or with control characters.
    return false;
  }
  return device.verify(signature, statement);
}
