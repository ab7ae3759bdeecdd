import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { CanopyError, SERVER_DTLS_MAX_AGE_MS, serverDtlsStatement } from '../../../contract/light.ts';
// biome-ignore lint/plugin: the server's own code verifies what the SDK creates
import { Authority, type SignedDtls } from '../../../signaling/identity/index.ts';
// biome-ignore lint/plugin: an account holder from the server's tests
import { Person } from '../../../signaling/identity/test-pki/index.ts';
import { type Certificate, readCertificate } from './certificate.ts';
import { enrol } from './index.ts';
import { verifyServerBinding } from './server-binding.ts';

const FINGERPRINT = Array(32).fill('AB').join(':');
const OTHER = Array(32).fill('CD').join(':');
const DAY_MS = 86_400_000;

let dir: string;
let authority: Authority;
let ca: Certificate;
let binding: SignedDtls;

const base64 = (der: Uint8Array) => Buffer.from(der).toString('base64');
const offer = (...values: string[]) => ({
  role: 'auto' as const,
  fingerprints: values.map((value) => ({ algorithm: 'sha-256', value })),
});

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'canopy-sdk-binding-'));
  authority = await Authority.open({ dir: join(dir, 'ca'), name: 'Test' });
  ca = readCertificate(base64(authority.certificateDer));
  binding = await authority.signDtls('worker-1', FINGERPRINT);
});
after(() => rm(dir, { recursive: true }));

/** Asserts that a binding is refused for this reason. */
async function refused(
  changes: Partial<SignedDtls>,
  reason: RegExp,
  { parameters = offer(FINGERPRINT), nowMs = Date.now(), anchor = ca } = {},
): Promise<void> {
  const created = { binding: { ...binding, ...changes }, dtlsParameters: parameters };
  await assert.rejects(verifyServerBinding(created, anchor, nowMs), (error: CanopyError) => {
    assert.equal(error.code, 'SERVER_UNVERIFIED');
    assert.match(error.detail ?? '', reason);
    return true;
  });
}

describe('verifyServerBinding()', () => {
  it('accepts what the deployment signed, and returns only that fingerprint', async () => {
    const parameters = offer(FINGERPRINT);
    parameters.fingerprints.push({ algorithm: 'sha-512', value: 'whatever' });
    assert.deepEqual(await verifyServerBinding({ binding, dtlsParameters: parameters }, ca), {
      role: 'auto',
      fingerprints: [{ algorithm: 'sha-256', value: FINGERPRINT }],
    });
  });

  it('threat 24: refuses a fingerprint that was replaced in transit', async () => {
    await refused({}, /not the signed one/, { parameters: offer(OTHER) });
    await refused({ fingerprint: OTHER }, /signature/, { parameters: offer(OTHER) });
    await refused({}, /not the signed one/, { parameters: offer(FINGERPRINT, OTHER) });
    await refused({}, /not the signed one/, { parameters: offer() });
  });

  it('refuses a statement about another worker or from another time', async () => {
    await refused({ workerId: 'worker-2' }, /signature/);
    await refused({ timeMs: binding.timeMs + 1 }, /signature/);
  });

  it('refuses a statement older or newer than a day', async () => {
    const late = binding.timeMs + SERVER_DTLS_MAX_AGE_MS + 1000;
    await refused({}, /too old/, { nowMs: late });
    const later = await Authority.open({
      dir: join(dir, 'ca'),
      name: 'Test',
      now: () => Date.now() + 1.5 * DAY_MS,
    });
    await refused(await later.signDtls('worker-1', FINGERPRINT), /too old|NOT_YET_VALID/);
    await refused({ timeMs: Number.NaN }, /too old/);
  });

  it('threat 1: refuses a leaf that is expired, from another deployment, or without its issuer', async () => {
    await refused({}, /CERT_EXPIRED/, { nowMs: Date.now() + 40 * DAY_MS });
    const other = await Authority.open({ dir: join(dir, 'other'), name: 'Test' });
    await refused(await other.signDtls('worker-1', FINGERPRINT), /CERT_(UNTRUSTED|BAD_SIGNATURE)/);
    await refused({ chain: [base64(authority.certificateDer)] }, /CERT_WRONG_USAGE/);
    await refused({ chain: [] }, /CERT_MISSING/);
    await refused({ chain: ['AAAA'] }, /CERT_MALFORMED/);
  });

  it('threat 1: refuses a user’s device that poses as the server', async () => {
    const identity = await enrol({
      serverUrl: 'https://meet.example',
      secret: 'any',
      displayName: 'Mallory',
      fetch: async (url, init) => {
        if (String(url).includes('/api/server')) {
          return Response.json({ deploymentCa: base64(authority.certificateDer) });
        }
        const { csr } = JSON.parse(String(init?.body)) as { csr: string };
        const { chain } = await authority.signAccount(Buffer.from(csr, 'base64'), {
          displayName: 'Mallory',
          validSeconds: 3600,
        });
        return Response.json({
          chain: chain.map(base64),
          role: 'member',
          displayName: 'Mallory',
          expiresAtMs: 1,
        });
      },
    });
    const timeMs = Date.now();
    const signature = await identity.bindDtls({ transportId: 'worker-1', fingerprint: FINGERPRINT });
    await refused({ chain: [...identity.chain], signature, timeMs }, /CERT_WRONG_USAGE/);
    // The account is a CA too, but with path length 0 and not for servers.
    await refused({ chain: identity.chain.slice(1), signature, timeMs }, /CERT_WRONG_USAGE/);
  });

  it('threat 24: refuses an account that issues itself a certificate for servers', async () => {
    const mallory = await Person.enrol(authority, 'Mallory');
    const forged = await mallory.device('1.3.6.1.5.5.7.3.1');
    const timeMs = Date.now();
    const signature = await forged.sign(
      serverDtlsStatement({ workerId: 'w', fingerprint: FINGERPRINT, timeMs }),
    );
    await refused({ workerId: 'w', timeMs, chain: forged.chain.map(base64), signature }, /CERT_WRONG_USAGE/);
  });

  it('rejects every damaged certificate with an error', async () => {
    const [leaf = ''] = binding.chain;
    const der = Buffer.from(leaf, 'base64');
    await fc.assert(
      fc.asyncProperty(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const damaged = Buffer.from(der);
        damaged.writeUInt8(damaged.readUInt8(at) ^ change, at);
        await refused({ chain: [base64(damaged)] }, /./);
      }),
      { numRuns: 300 },
    );
    for (let length = 0; length < der.length; length += 7) {
      assert.throws(() => readCertificate(base64(der.subarray(0, length))), CanopyError);
    }
  });
});
