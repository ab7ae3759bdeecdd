import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { CanopyError, ErrorCode } from '../../base/errors/index.ts';
import { Authority, TrustStore, type VerifiedDevice, verifyChain } from './index.ts';
import { accountIds } from './names.ts';
import { LibraryMaker, type Made, OpensslMaker, opensslVerify, Person, Pki } from './test-pki/index.ts';
import { X509Certificate } from './x509.ts';

const withCode = (code: ErrorCode) => (error: CanopyError) => error.code === code;

let dir: string;
let authority: Authority;
let pki: Pki;
let count = 0;

before(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'canopy-trust-'));
  authority = await Authority.open({ dir: path.join(dir, 'own'), name: 'Test' });
  pki = await Pki.create(new LibraryMaker());
});
after(() => rm(dir, { recursive: true }));

async function file(text: string): Promise<string> {
  count += 1;
  const name = path.join(dir, `file-${count}.pem`);
  await writeFile(name, text);
  return name;
}

const verify = (trust: TrustStore, ...chain: Made[]): Promise<VerifiedDevice> =>
  verifyChain(
    chain.map(({ der }) => der),
    trust,
    pki.nowMs,
  );

describe('the policies', () => {
  test('invite trusts accounts of the deployment CA only', async () => {
    const trust = await TrustStore.create({ authority, policy: 'invite' });
    const person = await Person.enrol(authority);
    assert.equal((await verifyChain((await person.device()).chain, trust, Date.now())).source, 'invite');
    await assert.rejects(verify(trust, await pki.leaf(), pki.issuing), withCode('CERT_UNTRUSTED'));
  });

  test('threat 1: tofu trusts no account but those of the deployment CA either', async () => {
    const trust = await TrustStore.create({ authority, policy: 'tofu' });
    const person = await Person.enrol(authority);
    assert.equal((await verifyChain((await person.device()).chain, trust, Date.now())).source, 'invite');
    const leaf = await pki.leaf();
    await assert.rejects(verify(trust, leaf, pki.issuing), withCode('CERT_UNTRUSTED'));
    await assert.rejects(verify(trust, leaf, pki.issuing, pki.root), withCode('CERT_UNTRUSTED'));
    await assert.rejects(verify(trust, pki.root), withCode('CERT_SELF_SIGNED'));
  });

  test('invite does not trust another deployment of the same name', async () => {
    const other = await Authority.open({ dir: path.join(dir, 'other'), name: 'Test' });
    const trust = await TrustStore.create({ authority, policy: 'invite' });
    const { chain } = await (await Person.enrol(other)).device();
    await assert.rejects(verifyChain(chain, trust, Date.now()), withCode('CERT_UNTRUSTED'));
    const judgement = await opensslVerify({
      dir,
      chain,
      rootsPem: authority.certificatePem,
      atMs: Date.now(),
    });
    assert.ok(!judgement.accepted);
  });

  test('invite refuses a device that the deployment CA issued without an account', async () => {
    const [pem, keyPem] = await Promise.all(
      ['ca.pem', 'ca.key'].map((name) => readFile(path.join(dir, 'own', name), 'utf8')),
    );
    const issuer = { name: 'CA', der: authority.certificateDer, pem: pem ?? '', keyPem: keyPem ?? '' };
    const leaf = await (await Pki.create(new OpensslMaker(dir))).leaf({ issuer });
    const trust = await TrustStore.create({ authority, policy: 'invite' });
    await assert.rejects(verify(trust, leaf), withCode('CERT_UNTRUSTED'));
  });

  test('pki trusts the bundle, and invitations too', async () => {
    const caBundleFile = await file(`Our root\n${pki.root.pem}`);
    const trust = await TrustStore.create({ authority, policy: 'pki', caBundleFile });
    const verified = await verify(trust, await pki.leaf(), pki.issuing);
    assert.equal(verified.source, 'pki');
    const { chain } = await (await Person.enrol(authority)).device();
    assert.equal((await verifyChain(chain, trust, Date.now())).source, 'invite');
  });

  test("an account ends with its certificate, even if its device's certificate lasts longer", async () => {
    const trust = await TrustStore.create({ authority, policy: 'invite' });
    const { chain } = await (await Person.enrol(authority, 'Guest', 60)).device();
    await verifyChain(chain, trust, Date.now());
    await assert.rejects(verifyChain(chain, trust, Date.now() + 61_000), withCode('CERT_EXPIRED'));
  });
});

describe('an account of a company’s PKI', () => {
  let trust: TrustStore;
  before(async () => {
    trust = await TrustStore.create({ authority, policy: 'pki', caBundleFile: await file(pki.root.pem) });
  });

  test('is identified by the SHA-256 of the issuer’s SPKI and the DER of the alternative name', async () => {
    const verified = await verify(trust, await pki.leaf({ email: 'ada@example.com' }), pki.issuing);
    const spki = new Uint8Array(new X509Certificate(new Uint8Array(pki.issuing.der)).publicKey.rawData);
    const name = Buffer.concat([Buffer.of(0x81, 15), Buffer.from('ada@example.com')]);
    const { accountId, accountAlias } = accountIds(spki, name);
    assert.equal(verified.accountId, accountId);
    assert.equal(verified.accountAlias, accountAlias);
  });

  test('is the same for another device of the person, and differs for another name or issuer', async () => {
    const issuer = await pki.authority();
    const ids = await Promise.all(
      [
        [await pki.leaf(), pki.issuing],
        [await pki.leaf({ uri: 'https://example.com/person' }), pki.issuing],
        [await pki.leaf({ email: 'other@example.com' }), pki.issuing],
        [await pki.leaf({ issuer }), issuer],
      ].map(async (chain) => (await verify(trust, ...chain)).accountId),
    );
    assert.equal(ids[0], ids[1]);
    assert.equal(new Set(ids).size, 3);
  });

  test('is identified by a URI if there is no other name, and shown with its common name', async () => {
    const leaf = await pki.leaf({
      email: undefined,
      uri: 'spiffe://example.com/ada',
      subject: 'Ada\u202e Lovelace',
    });
    assert.equal((await verify(trust, leaf, pki.issuing)).displayName, 'Ada Lovelace');
    const nameless = await pki.leaf({ subject: '\u202e', email: 'ada@example.com' });
    assert.equal((await verify(trust, nameless, pki.issuing)).displayName, 'ada@example.com');
  });

  test('can be revoked by the deployment', async () => {
    const chain = [await pki.leaf({ email: 'leaver@example.com' }), pki.issuing] as const;
    const verified = await verify(trust, ...chain);
    await authority.revocation.revoke(verified.serialHex);
    assert.equal(
      (await verify(trust, ...chain)).deviceId,
      verified.deviceId,
      'a serial number is of the own CA',
    );
    await authority.revocation.revoke(verified.accountId);
    assert.ok(trust.isRevoked(verified));
    await assert.rejects(verify(trust, ...chain), withCode('CERT_REVOKED'));
  });
});

describe('the files', () => {
  test('are re-read when they change', async () => {
    const leaf = await pki.leaf();
    const other = await pki.authority({ issuer: undefined });
    const caBundleFile = await file(other.pem);
    const trust = await TrustStore.create({ authority, policy: 'pki', caBundleFile, checkIntervalMs: 0 });
    await assert.rejects(verify(trust, leaf, pki.issuing), withCode('CERT_UNTRUSTED'));
    await writeFile(caBundleFile, other.pem + pki.root.pem);
    await verify(trust, leaf, pki.issuing);
  });

  test('are not checked more often than configured', async () => {
    const other = await pki.authority({ issuer: undefined });
    const caBundleFile = await file(other.pem);
    const trust = await TrustStore.create({
      authority,
      policy: 'pki',
      caBundleFile,
      checkIntervalMs: 3_600_000,
    });
    const leaf = await pki.leaf();
    await assert.rejects(verify(trust, leaf, pki.issuing), withCode('CERT_UNTRUSTED'));
    await writeFile(caBundleFile, pki.root.pem);
    await assert.rejects(verify(trust, leaf, pki.issuing), withCode('CERT_UNTRUSTED'));
    await trust.reload();
    await verify(trust, leaf, pki.issuing);
  });

  test('with a new revocation list revoke a device', async () => {
    const leaf = await pki.leaf();
    const none = (await pki.crl(pki.root, [])) + (await pki.crl(pki.issuing, []));
    const options = { caBundleFile: await file(pki.root.pem), crlFile: await file(none), checkIntervalMs: 0 };
    const trust = await TrustStore.create({ authority, policy: 'pki', ...options });
    await verify(trust, leaf, pki.issuing);
    const newer = await pki.crl(pki.issuing, [leaf], { thisUpdateMs: pki.nowMs - 1000 });
    // The old one is still there: the newest counts.
    await writeFile(options.crlFile, none + newer);
    await assert.rejects(verify(trust, leaf, pki.issuing), withCode('CERT_REVOKED'));
  });

  test('that become unreadable leave the previous data in use, and are reported once', async () => {
    const errors: CanopyError[] = [];
    const caBundleFile = await file(pki.root.pem);
    const trust = await TrustStore.create({
      authority,
      policy: 'pki',
      caBundleFile,
      checkIntervalMs: 0,
      onReloadError: (error) => errors.push(error),
    });
    const leaf = await pki.leaf();
    await writeFile(caBundleFile, 'half a fil');
    await verify(trust, leaf, pki.issuing);
    await verify(trust, leaf, pki.issuing);
    await rm(caBundleFile);
    await verify(trust, leaf, pki.issuing);
    assert.deepEqual(
      errors.map(({ code }) => code),
      ['CONFIG_INVALID', 'CONFIG_INVALID'],
    );
    await writeFile(caBundleFile, (await pki.authority({ issuer: undefined })).pem);
    await assert.rejects(verify(trust, leaf, pki.issuing), withCode('CERT_UNTRUSTED'));
  });

  test('that are invalid at the start are refused with a reason', async () => {
    const create = (caBundleFile?: string, crlFile?: string) =>
      TrustStore.create({ authority, policy: 'pki', caBundleFile, crlFile });
    const leaf = await pki.leaf();
    const broken = pki.root.pem.replace(/MII/, 'MIJ');
    const bundle = await file(pki.root.pem);
    const wrong: [() => Promise<TrustStore>, RegExp][] = [
      [() => create(), /requires identity.caBundle/],
      [() => create('/does/not/exist'), /ENOENT/],
      [async () => create(await file('')), /no certificate/],
      [async () => create(await file(pki.root.pem + leaf.pem)), /certificate 2 .* not an authority/],
      [async () => create(await file(broken)), /certificate 1/],
      [async () => create(bundle, await file(pki.root.pem)), /no revocation list/],
      [async () => create(bundle, await file(pki.root.pem.replaceAll('CERTIFICATE', 'X509 CRL'))), /list 1/],
    ];
    for (const [attempt, detail] of wrong) {
      await assert.rejects(attempt, (error: CanopyError) => {
        assert.equal(error.code, 'CONFIG_INVALID');
        assert.match(error.detail ?? '', detail);
        return true;
      });
    }
  });
});
