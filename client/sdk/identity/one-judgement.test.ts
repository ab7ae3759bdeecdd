import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CanopyError, serverDtlsStatement } from '../../../contract/light.ts';
// biome-ignore lint/plugin: the server's verification, for comparison
import { Authority, TrustStore, verifyChain } from '../../../signaling/identity/index.ts';
// biome-ignore lint/plugin: the server's verification, for comparison
import type { CertificateSpec, Made } from '../../../signaling/identity/test-pki/index.ts';
// biome-ignore lint/plugin: the PKI of the server's tests
import { LibraryMaker, Pki } from '../../../signaling/identity/test-pki/index.ts';
import { readCertificate } from './certificate.ts';
import { verifyServerBinding } from './server-binding.ts';

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const FINGERPRINT = Array(32).fill('AB').join(':');
const SECOND_MS = 1000;

interface Vector {
  title: string;
  /** The expected error on both sides; null: accepted. */
  code: string | null;
  leaf?: Partial<CertificateSpec>;
  root?: Partial<CertificateSpec>;
  /** Time of verification, in milliseconds after the PKI's now. */
  offsetMs?: number;
  /** The chain to present instead of the leaf and its root. */
  chain?: (leaf: Uint8Array, root: Uint8Array) => Uint8Array[];
}

const lastBitChanged = (der: Uint8Array) => {
  const copy = Uint8Array.from(der);
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
  return copy;
};

let dir: string;
let authority: Authority;
let pki: Pki;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'canopy-one-judgement-'));
  authority = await Authority.open({ dir: join(dir, 'own'), name: 'Test' });
  pki = await Pki.create(new LibraryMaker());
});
after(() => rm(dir, { recursive: true }));

async function serverVerdict(chain: Uint8Array[], root: Made, atMs: number): Promise<string | null> {
  const caBundleFile = join(dir, 'bundle.pem');
  await writeFile(caBundleFile, root.pem);
  const trust = await TrustStore.create({ authority, policy: 'pki', caBundleFile });
  return verifyChain(chain, trust, atMs).then(
    () => null,
    (error: CanopyError) => error.code,
  );
}

async function browserVerdict(chain: Uint8Array[], root: Made, atMs: number, keyPem: string) {
  const statement = { workerId: 'w', fingerprint: FINGERPRINT, timeMs: atMs };
  const signature = sign('sha256', serverDtlsStatement(statement), {
    key: keyPem,
    dsaEncoding: 'ieee-p1363',
  });
  const base64 = (der: Uint8Array) => Buffer.from(der).toString('base64');
  const binding = { ...statement, chain: chain.map(base64), signature: signature.toString('base64url') };
  const dtlsParameters = { fingerprints: [{ algorithm: 'sha-256', value: FINGERPRINT }] };
  return verifyServerBinding({ binding, dtlsParameters }, readCertificate(base64(root.der)), atMs).then(
    () => null,
    (error: unknown) => {
      assert.ok(error instanceof CanopyError);
      assert.equal(error.code, 'SERVER_UNVERIFIED');
      return error.detail ?? '';
    },
  );
}

const vectors: Vector[] = [
  { title: 'a sound leaf', code: null },
  { title: 'a sound leaf without its root', code: null, chain: (leaf) => [leaf] },
  ...(['leaf', 'root'] as const).flatMap((which): Vector[] => [
    {
      title: `a ${which} one millisecond before its notBefore`,
      code: 'CERT_NOT_YET_VALID',
      [which]: { notBeforeMs: 0 },
      offsetMs: -1,
    },
    { title: `a ${which} at its notBefore`, code: null, [which]: { notBeforeMs: 0 }, offsetMs: 0 },
    { title: `a ${which} at its notAfter`, code: null, [which]: { notAfterMs: 0 }, offsetMs: 0 },
    {
      title: `a ${which} one millisecond after its notAfter`,
      code: 'CERT_EXPIRED',
      [which]: { notAfterMs: 0 },
      offsetMs: 1,
    },
    {
      title: `a ${which} one second after its notAfter`,
      code: 'CERT_EXPIRED',
      [which]: { notAfterMs: 0 },
      offsetMs: SECOND_MS,
    },
  ]),
  { title: 'an empty chain', code: 'CERT_MISSING', chain: () => [] },
  { title: 'the root alone', code: 'CERT_WRONG_USAGE', chain: (_leaf, root) => [root] },
  {
    title: 'the root before the leaf',
    code: 'CERT_MALFORMED',
    chain: (leaf, root) => [root, leaf],
  },
  {
    title: 'the root twice',
    code: 'CERT_MALFORMED',
    chain: (leaf, root) => [leaf, root, root],
  },
  { title: 'seven certificates', code: 'CERT_CHAIN_TOO_LONG', chain: (leaf) => Array(7).fill(leaf) },
  { title: 'another signature', code: 'CERT_BAD_SIGNATURE', chain: (leaf) => [lastBitChanged(leaf)] },
  { title: 'a byte more', code: 'CERT_MALFORMED', chain: (leaf) => [Uint8Array.of(...leaf, 0)] },
  { title: 'neither usage', code: 'CERT_WRONG_USAGE', leaf: { extKeyUsage: ['1.3.6.1.5.5.7.3.4'] } },
  { title: 'no extended key usage', code: 'CERT_WRONG_USAGE', leaf: { extKeyUsage: undefined } },
  { title: 'a leaf for key agreement', code: 'CERT_WRONG_USAGE', leaf: { keyUsage: ['keyAgreement'] } },
  { title: 'a leaf that is an authority', code: 'CERT_WRONG_USAGE', leaf: { ca: true } },
  { title: 'no authority key identifier', code: 'CERT_NONCONFORMING', leaf: { authorityKeyId: false } },
  {
    title: 'no subject key identifier in the root',
    code: 'CERT_NONCONFORMING',
    root: { subjectKeyId: false },
  },
  {
    title: 'a root that is no authority by its key usage',
    code: 'CERT_NOT_A_CA',
    root: { keyUsage: ['cRLSign'] },
  },
  {
    title: 'a root for another usage',
    code: 'CERT_WRONG_USAGE',
    root: { extKeyUsage: ['1.3.6.1.5.5.7.3.4'] },
  },
  {
    title: 'an unknown critical extension',
    code: 'CERT_UNSUPPORTED',
    leaf: { other: { oid: '1.3.6.1.4.1.99999.1', critical: true, valueHex: '0500' } },
  },
  { title: 'a leaf of P-521', code: 'CERT_UNSUPPORTED', leaf: { key: 'P-521' } },
];

describe('threat 1: browser and server agree on every chain', () => {
  for (const { title, code, leaf = {}, root = {}, offsetMs = 0, chain } of vectors) {
    it(`${title}: ${code ?? 'accepted'}`, async () => {
      /** Makes a vector's validity times relative to the PKI's now. */
      const dated = ({ notBeforeMs, notAfterMs, ...spec }: Partial<CertificateSpec>) => ({
        ...spec,
        ...(notBeforeMs !== undefined && { notBeforeMs: pki.nowMs + notBeforeMs }),
        ...(notAfterMs !== undefined && { notAfterMs: pki.nowMs + notAfterMs }),
      });
      const ca = await pki.authority({ issuer: undefined, ...dated(root) });
      const extKeyUsage = [CLIENT_AUTH, SERVER_AUTH];
      const own = await pki.leaf({ issuer: ca, extKeyUsage, ...dated(leaf) });
      const presented = chain?.(own.der, ca.der) ?? [own.der, ca.der];
      const atMs = pki.nowMs + offsetMs;
      assert.equal(await serverVerdict(presented, ca, atMs), code);
      assert.equal(await browserVerdict(presented, ca, atMs, own.keyPem), code);
    });
  }
});
