import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { CanopyError, type ErrorCode } from '../../base/errors/index.ts';
import { authStatement, dtlsStatement, SESSION_REQUESTS } from '../../contract/index.ts';
import {
  Authority,
  type AuthProof,
  createNonce,
  type ExpectedProof,
  encodeChain,
  TrustStore,
  verifyAuthProof,
  verifyChain,
  verifyDtlsProof,
} from './index.ts';
import { Person, prove, type TestDevice } from './test-pki/index.ts';

const ORIGIN = 'https://meet.example:8443';
const CLOCK_SKEW_MS = 300_000;
const FINGERPRINT = Array.from({ length: 32 }, () => '0A').join(':');
const withCode = (code: ErrorCode) => (error: CanopyError) => error.code === code;

let dir: string;
let authority: Authority;
let trust: TrustStore;
let person: Person;
let device: TestDevice;
let nowMs: number;

before(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'canopy-proofs-'));
  authority = await Authority.open({ dir: path.join(dir, 'own'), name: 'Test' });
  trust = await TrustStore.create({ authority, policy: 'invite' });
  person = await Person.enrol(authority);
  device = await person.device();
  nowMs = Date.now();
});
after(() => rm(dir, { recursive: true }));

const expectedOf = (nonce: string, changes: Partial<ExpectedProof> = {}): ExpectedProof => ({
  nonce,
  origins: new Set([ORIGIN, 'https://localhost:8443']),
  nowMs,
  clockSkewMs: CLOCK_SKEW_MS,
  trust,
  ...changes,
});

describe('createNonce()', () => {
  test('returns 32 new random bytes', () => {
    const nonces = Array.from({ length: 1000 }, createNonce);
    assert.equal(new Set(nonces).size, 1000);
    assert.ok(nonces.every((nonce) => Buffer.from(nonce, 'base64url').length === 32));
    const { nonce } = SESSION_REQUESTS['auth.prove'].data.shape;
    assert.ok(nonce.safeParse(nonces[0]).success);
  });
});

describe('verifyAuthProof()', () => {
  test('accepts a fresh proof and identifies the device', async () => {
    const nonce = createNonce();
    const proof = await prove(device, { origin: ORIGIN, nonce, timeMs: nowMs });
    const verified = await verifyAuthProof(proof, expectedOf(nonce));
    assert.equal(verified.deviceId, device.deviceId);
    assert.equal(verified.accountId, person.accountId);
  });

  test('accepts the maximum clock skew, and every origin of the server', async () => {
    for (const timeMs of [nowMs - CLOCK_SKEW_MS, nowMs + CLOCK_SKEW_MS]) {
      const nonce = createNonce();
      await verifyAuthProof(
        await prove(device, { origin: 'https://localhost:8443', nonce, timeMs }),
        expectedOf(nonce),
      );
    }
  });

  test('threat 2: a replayed challenge is refused', async () => {
    const nonce = createNonce();
    const proof = await prove(device, { origin: ORIGIN, nonce, timeMs: nowMs });
    await verifyAuthProof(proof, expectedOf(nonce));
    await assert.rejects(verifyAuthProof(proof, expectedOf(createNonce())), withCode('AUTH_BAD_NONCE'));
  });

  test("threat 2: a signature replayed with the new connection's nonce is refused", async () => {
    const proof = await prove(device, { origin: ORIGIN, nonce: createNonce(), timeMs: nowMs });
    const nonce = createNonce();
    await assert.rejects(
      verifyAuthProof({ ...proof, nonce }, expectedOf(nonce)),
      withCode('AUTH_BAD_SIGNATURE'),
    );
  });

  test('threat 2: an invented nonce is refused', async () => {
    const proof = await prove(device, { origin: ORIGIN, nonce: createNonce(), timeMs: nowMs });
    await assert.rejects(verifyAuthProof(proof, expectedOf(createNonce())), withCode('AUTH_BAD_NONCE'));
  });

  test("threat 2: a proof for another server that relayed this server's nonce is refused", async () => {
    // The hostile server passes our nonce on as its own: what the victim signs names the server that it dialled.
    const nonce = createNonce();
    const proof = await prove(device, { origin: 'https://evil.example', nonce, timeMs: nowMs });
    await assert.rejects(verifyAuthProof(proof, expectedOf(nonce)), withCode('AUTH_BAD_ORIGIN'));
    const relabelled = { ...proof, origin: ORIGIN };
    await assert.rejects(verifyAuthProof(relabelled, expectedOf(nonce)), withCode('AUTH_BAD_SIGNATURE'));
  });

  test('threat 2: a stale, future or altered time is refused', async () => {
    for (const timeMs of [nowMs - CLOCK_SKEW_MS - 1, nowMs + CLOCK_SKEW_MS + 1, Number.NaN, 0]) {
      const nonce = createNonce();
      const proof = await prove(device, { origin: ORIGIN, nonce, timeMs });
      await assert.rejects(verifyAuthProof(proof, expectedOf(nonce)), withCode('AUTH_STALE'));
      const fresh = { ...proof, timeMs: nowMs };
      await assert.rejects(verifyAuthProof(fresh, expectedOf(nonce)), withCode('AUTH_BAD_SIGNATURE'));
    }
  });

  test('threat 2: a signature by another device of the same account is refused', async () => {
    const other = await person.device();
    const nonce = createNonce();
    const fields = { origin: ORIGIN, nonce, timeMs: nowMs };
    const stolen = { ...(await prove(other, fields)), chain: encodeChain(device.chain) };
    await assert.rejects(verifyAuthProof(stolen, expectedOf(nonce)), withCode('AUTH_BAD_SIGNATURE'));
    // The other key signing this device's statement is no better.
    const signature = await other.sign(authStatement({ ...fields, deviceId: device.deviceId }));
    await assert.rejects(
      verifyAuthProof({ ...stolen, signature }, expectedOf(nonce)),
      withCode('AUTH_BAD_SIGNATURE'),
    );
  });

  test('refuses a signature over another statement, in DER, truncated or empty', async () => {
    const nonce = createNonce();
    const proof = await prove(device, { origin: ORIGIN, nonce, timeMs: nowMs });
    const { deviceId } = device;
    const asDtls = await device.sign(
      dtlsStatement({ deviceId, transportId: nonce, fingerprint: FINGERPRINT }),
    );
    for (const signature of [
      asDtls,
      toDer(proof.signature),
      proof.signature.slice(0, -4),
      `${proof.signature}=`,
      '',
      '!',
    ]) {
      await assert.rejects(
        verifyAuthProof({ ...proof, signature }, expectedOf(nonce)),
        withCode('AUTH_BAD_SIGNATURE'),
      );
    }
  });

  test('refuses a chain that is not base64, empty or untrusted', async () => {
    const nonce = createNonce();
    const proof = await prove(device, { origin: ORIGIN, nonce, timeMs: nowMs });
    const judge = (chain: string[]) => verifyAuthProof({ ...proof, chain }, expectedOf(nonce));
    await assert.rejects(judge([]), withCode('CERT_MISSING'));
    await assert.rejects(judge(['%']), withCode('CERT_MALFORMED'));
    await assert.rejects(judge([`${proof.chain[0]}\n`]), withCode('CERT_MALFORMED'));
    await assert.rejects(judge(proof.chain.slice(0, 1)), withCode('CERT_UNTRUSTED'));
    await assert.rejects(judge(proof.chain.slice(1)), withCode('CERT_WRONG_USAGE'));
    await assert.rejects(
      judge(Array.from({ length: 7 }, () => proof.chain[0] ?? '')),
      withCode('CERT_CHAIN_TOO_LONG'),
    );
  });

  test('refuses a server’s own leaf', async () => {
    const { chain } = await authority.signDtls('worker', FINGERPRINT);
    const nonce = createNonce();
    const proof = { ...(await prove(device, { origin: ORIGIN, nonce, timeMs: nowMs })), chain };
    await assert.rejects(verifyAuthProof(proof, expectedOf(nonce)), withCode('CERT_WRONG_USAGE'));
  });

  test('answers any malformed input with a coded error', async () => {
    const nonce = createNonce();
    const proof = await prove(device, { origin: ORIGIN, nonce, timeMs: nowMs });
    const orText = (...values: string[]) =>
      fc.oneof(fc.constantFrom(...values), fc.string(), fc.base64String());
    const anything = fc.record<AuthProof>({
      chain: fc.array(orText(...proof.chain), { maxLength: 7 }),
      origin: orText(ORIGIN, '', 'a\nb'),
      nonce: orText(nonce),
      timeMs: fc.oneof(fc.constantFrom(nowMs, Number.NaN, -1, Number.POSITIVE_INFINITY), fc.double()),
      signature: orText(proof.signature),
    });
    const origins = new Set([ORIGIN, '', 'a\nb']);
    await fc.assert(
      fc.asyncProperty(anything, async (sent) => {
        const verdict = await verifyAuthProof(sent, expectedOf(nonce, { origins })).catch((error) => error);
        if (verdict instanceof CanopyError) {
          return assert.match(verdict.code, /^(?:CERT|AUTH)_/);
        }
        assert.deepEqual(sent, { ...proof, chain: sent.chain });
      }),
      { numRuns: 500 },
    );
  });
});

describe('verifyDtlsProof()', () => {
  test('accepts only what this device signed for this transport', async () => {
    const verified = await verifyChain(device.chain, trust, nowMs);
    const { deviceId } = device;
    const fields = { transportId: crypto.randomUUID(), fingerprint: FINGERPRINT };
    const signature = await device.sign(dtlsStatement({ deviceId, ...fields }));
    await verifyDtlsProof(verified, { ...fields, signature });

    const otherSignature = await (await person.device()).sign(dtlsStatement({ deviceId, ...fields }));
    const refused = [
      { ...fields, signature: otherSignature },
      { ...fields, signature: toDer(signature) },
      { ...fields, signature: '' },
      { ...fields, signature, transportId: crypto.randomUUID() },
      { ...fields, signature, transportId: '' },
      { ...fields, signature, fingerprint: FINGERPRINT.replace('0A', '0B') },
      { ...fields, signature, fingerprint: `${FINGERPRINT}\n` },
    ];
    for (const proof of refused) {
      await assert.rejects(verifyDtlsProof(verified, proof), withCode('FINGERPRINT_UNSIGNED'));
    }
  });
});

/** The same ECDSA signature as a DER ECDSA-Sig-Value. */
function toDer(signature: string): string {
  const raw = Buffer.from(signature, 'base64url');
  const integer = (bytes: Buffer) => {
    const content = Buffer.concat([Buffer.of(0), bytes]);
    return Buffer.concat([Buffer.of(0x02, content.length), content]);
  };
  const content = Buffer.concat([integer(raw.subarray(0, 32)), integer(raw.subarray(32))]);
  return Buffer.concat([Buffer.of(0x30, content.length), content]).toString('base64url');
}
