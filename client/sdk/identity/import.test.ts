import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { CanopyError, ErrorCode } from '../../../contract/light.ts';
// biome-ignore lint/plugin: the server's own code verifies what the SDK creates
import { Authority, createNonce, TrustStore, verifyAuthProof } from '../../../signaling/identity/index.ts';
import { type Identity, importIdentity } from './index.ts';

const ORIGIN = 'https://meet.example';
const run = promisify(execFile);
const withCode = (code: ErrorCode) => (error: CanopyError) => error.code === code;

const KEYS = {
  'P-256': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
  'P-384': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp384r1'],
  RSA: ['-newkey', 'rsa:2048'],
  Ed25519: ['-newkey', 'ed25519'],
};

let dir: string;
let authority: Authority;
let trust: TrustStore;
const file = (name: string) => join(dir, name);
const text = (name: string) => readFile(file(name), 'utf8');
const openssl = (...args: string[]) => run('openssl', args);

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'canopy-sdk-import-'));
  authority = await Authority.open({ dir: file('own'), name: 'Test' });
  await openssl(
    ...['req', '-x509', ...KEYS['P-256'], '-nodes', '-keyout', file('ca.key'), '-out', file('ca.pem')],
    ...['-subj', '/CN=Company', '-addext', 'keyUsage=critical,keyCertSign'],
  );
  await openssl(
    ...[
      'req',
      '-x509',
      ...KEYS['P-256'],
      '-nodes',
      '-keyout',
      file('other-ca.key'),
      '-out',
      file('other.pem'),
    ],
    ...['-subj', '/CN=Other', '-addext', 'keyUsage=critical,keyCertSign'],
  );
  for (const [name, newKey] of Object.entries(KEYS)) {
    await openssl(
      ...['req', '-x509', ...newKey, '-nodes', '-CA', file('ca.pem'), '-CAkey', file('ca.key')],
      ...['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`), '-subj', `/CN=Person ${name}`],
      ...['-addext', 'basicConstraints=critical,CA:FALSE', '-addext', 'extendedKeyUsage=clientAuth'],
      ...['-addext', `subjectAltName=email:${name}@company.example`],
    );
  }
  trust = await TrustStore.create({ authority, policy: 'pki', caBundleFile: file('ca.pem') });
});
after(() => rm(dir, { recursive: true }));

/** What the server names as its company's authorities, if it is asked. */
let named: string[] | undefined;

const api: typeof fetch = async (url) => {
  const { origin, pathname, searchParams } = new URL(String(url));
  assert.deepEqual([origin, pathname, searchParams.get('origin')], [ORIGIN, '/api/server', ORIGIN]);
  return Response.json({
    deploymentCa: Buffer.from(authority.certificateDer).toString('base64'),
    ...(searchParams.has('authorities') && named && { authorities: named }),
  });
};
const derOf = async (name: string) => Buffer.from(new X509Certificate(await text(`${name}.pem`)).raw);

async function imported(certificate: string, key = certificate, more = {}) {
  return importIdentity({
    serverUrl: ORIGIN,
    certificatePem: await text(`${certificate}.pem`),
    privateKeyPem: await text(`${key}.key`),
    fetch: api,
    ...more,
  });
}

describe('importIdentity()', () => {
  for (const name of Object.keys(KEYS)) {
    it(`signs with a company’s ${name} certificate in the form that the server expects`, async () => {
      const identity = await imported(name);
      assert.equal(identity.displayName, `Person ${name}`);
      const [nonce, timeMs] = [createNonce(), Date.now()];
      const signature = await identity.proveAuth({ origin: ORIGIN, nonce, timeMs });
      const device = await verifyAuthProof(
        { chain: identity.chain, origin: ORIGIN, nonce, timeMs, signature },
        { nonce, origins: new Set([ORIGIN]), nowMs: timeMs, clockSkewMs: 1000, trust },
      );
      assert.equal(device.deviceId, identity.deviceId);
      assert.equal(device.source, 'pki');
    });
  }

  it('refuses text that is not a certificate or a key, and a key of another type', async () => {
    await assert.rejects(imported('P-256', 'P-256', { certificatePem: 'nothing' }), withCode('CERT_MISSING'));
    await assert.rejects(
      imported('P-256', 'P-256', { privateKeyPem: 'nothing' }),
      withCode('CERT_MALFORMED'),
    );
    await assert.rejects(imported('P-256', 'RSA'), withCode('CERT_MALFORMED'));
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';
    await assert.rejects(imported('P-256', 'P-256', { certificatePem: broken }), withCode('CERT_MALFORMED'));
  });

  it('refuses a key that is not the certificate’s', async () => {
    await openssl(
      'genpkey',
      '-algorithm',
      'EC',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-out',
      file('other.key'),
    );
    await assert.rejects(imported('P-256', 'other'), withCode('CERT_MALFORMED'));
  });

  it('pins the authorities that it is given, else the root in the file, else those that the server names', async () => {
    const pinned = ({ companyCas }: Identity) => companyCas.map(({ der }) => Buffer.from(der));
    const root = await derOf('ca');
    const [certificate, ca] = await Promise.all([text('P-256.pem'), text('ca.pem')]);
    named = [(await derOf('RSA')).toString('base64')];
    const withRoot = await imported('P-256', 'P-256', { certificatePem: certificate + ca });
    assert.deepEqual(pinned(withRoot), [root]);
    assert.equal(withRoot.chain.length, 1);
    assert.deepEqual(pinned(await imported('P-256', 'P-256', { authoritiesPem: ca })), [root]);
    await assert.rejects(
      imported('P-256', 'P-256', { authoritiesPem: await text('other.pem') }),
      withCode('CERT_UNTRUSTED'),
    );
    named = [root.toString('base64')];
    assert.deepEqual(pinned(await imported('P-256')), [root]);
    named = undefined;
    assert.deepEqual(pinned(await imported('P-256')), []);
  });

  it('refuses a CA other than the given one', async () => {
    const caFingerprint = Buffer.alloc(32).toString('base64url');
    await assert.rejects(imported('P-256', 'P-256', { caFingerprint }), withCode('SERVER_UNVERIFIED'));
  });
});
