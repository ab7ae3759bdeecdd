import { randomBytes } from 'node:crypto';
import { CanopyError } from '../../base/errors/index.ts';
import { authStatement, type DtlsStatement, dtlsStatement } from '../../contract/index.ts';
import { decodeChain } from './chain-codec.ts';
import type { TrustStore } from './trust-store.ts';
import type { VerifiedDevice } from './verified-device.ts';
import { verifyChain } from './verify-chain.ts';

const NONCE_BYTES = 32;

/** Creates a challenge: 32 random bytes, base64url. Send each to one connection only, and accept it once. */
export function createNonce(): string {
  return randomBytes(NONCE_BYTES).toString('base64url');
}

/** A device's answer to a challenge: the data of `auth.prove`. */
export interface AuthProof {
  /** DER in base64, leaf first. */
  chain: readonly string[];
  origin: string;
  nonce: string;
  timeMs: number;
  /** Over authStatement(), base64url. */
  signature: string;
}

export interface ExpectedProof {
  /** The connection's unused nonce. */
  nonce: string;
  /** The server's own web origins. */
  origins: ReadonlySet<string>;
  nowMs: number;
  /** Maximum error of the client's clock in either direction, in milliseconds. */
  clockSkewMs: number;
  trust: TrustStore;
}

/**
 * Verifies that the client holds the key of an acceptable certificate. Cheap checks come first.
 *
 * @throws {CanopyError} AUTH_BAD_NONCE, AUTH_BAD_ORIGIN, AUTH_BAD_SIGNATURE
 * @throws {CanopyError} AUTH_STALE - the client's clock is off by more than `clockSkewMs`
 * @throws {CanopyError} CERT_… - see verifyChain()
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
  if (!(await isSigned(device, signature, () => authStatement({ origin, nonce, timeMs, deviceId })))) {
    throw new CanopyError('AUTH_BAD_SIGNATURE');
  }
  return device;
}

/** Verifies that the device signed its DTLS fingerprint for this transport. @throws {CanopyError} FINGERPRINT_UNSIGNED */
export async function verifyDtlsProof(
  device: VerifiedDevice,
  { transportId, fingerprint, signature }: Omit<DtlsStatement, 'deviceId'> & { signature: string },
): Promise<void> {
  const { deviceId } = device;
  if (!(await isSigned(device, signature, () => dtlsStatement({ deviceId, transportId, fingerprint })))) {
    throw new CanopyError('FINGERPRINT_UNSIGNED');
  }
}

async function isSigned(device: VerifiedDevice, signature: string, make: () => Uint8Array): Promise<boolean> {
  let statement: Uint8Array;
  try {
    statement = make();
  } catch {
    // A field is empty or has control characters, so no honest client signed it.
    return false;
  }
  return device.verify(signature, statement);
}
