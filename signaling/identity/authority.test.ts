import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { verify, X509Certificate } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { CanopyError, ErrorCode } from '../../base/errors/index.ts';
import { serverDtlsStatement } from '../../contract/index.ts';
import { GATEWAY_UNIT, isGatewayAccount, parseCertificate } from '../../contract/x509/index.ts';
import { Authority, decodeChain, fromPem, TrustStore, toPem, verifyChain } from './index.ts';
import { createCsr, opensslVerify, Person } from './test-pki/index.ts';

const P256 = { name: 'ECDSA', namedCurve: 'P-256' };
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const FINGERPRINT = Array.from({ length: 32 }, () => 'AB').join(':');

const withCode = (code: ErrorCode) => (error: CanopyError) => error.code === code;

let dir: string;
let nowMs: number;
const now = () => nowMs;
/** Revocations that persist across the restarts in a test. */
let record: Array<{ id: string; revoked_at_ms: number }>;
let unwritable: boolean;
const revocations = {
  all: async () => record,
  add: async (row: { id: string; revoked_at_ms: number }) => {
    if (unwritable) {
      throw new Error('the disk is full');
    }
    record = [...record.filter(({ id }) => id !== row.id), row];
  },
  remove: async (id: string) => {
    if (unwritable) {
      throw new Error('the disk is full');
    }
    record = record.filter((row) => row.id !== id);
  },
};
const open = () => Authority.open({ dir, name: 'Test', revocations, now });

beforeEach(async () => {
  dir = path.join(await mkdtemp(path.join(os.tmpdir(), 'canopy-authority-')), 'own');
  nowMs = Date.now();
  record = [];
  unwritable = false;
});
afterEach(() => rm(path.dirname(dir), { recursive: true }));

describe('the deployment CA', () => {
  test('is created at the first start and stays the same', async () => {
    const first = await open();
    const second = await open();
    assert.equal(second.fingerprint, first.fingerprint);
    assert.match(first.fingerprint, /^[0-9a-f]{64}$/);
    assert.deepEqual(fromPem(first.certificatePem, 'CERTIFICATE'), [first.certificateDer]);
    const certificate = new X509Certificate(first.certificateDer);
    assert.equal(certificate.ca, true);
    assert.equal(certificate.fingerprint256.replaceAll(':', '').toLowerCase(), first.fingerprint);
    assert.ok(first.notAfterMs > nowMs + 9.9 * 365 * DAY_MS);
  });

  test('keeps its folder and keys private to its owner', async () => {
    const authority = await open();
    await authority.tlsCertificate(['localhost']);
    await Person.enrol(authority);
    await authority.revocation.revoke('01');
    assert.equal((await stat(dir)).mode & 0o777, 0o700);
    assert.deepEqual((await readdir(dir)).sort(), ['ca.key', 'ca.pem', 'tls.key', 'tls.pem']);
    for (const file of await readdir(dir)) {
      assert.equal((await stat(path.join(dir, file))).mode & 0o777, 0o600, file);
    }
  });

  test('restricts a key that others could read', async () => {
    await open();
    await chmod(path.join(dir, 'ca.key'), 0o644);
    await open();
    assert.equal((await stat(path.join(dir, 'ca.key'))).mode & 0o777, 0o600);
  });

  for (const missing of ['ca.pem', 'ca.key']) {
    test(`is not recreated when ${missing} is missing`, async () => {
      await open();
      await rm(path.join(dir, missing));
      await assert.rejects(open(), withCode('CA_UNUSABLE'));
    });
  }

  test('refuses a damaged file, a key that does not match, and an expired certificate', async () => {
    await open();
    const key = await readFile(path.join(dir, 'ca.key'), 'utf8');
    await writeFile(path.join(dir, 'ca.key'), key.replace(/\n[A-Z]/i, '\n!'));
    await assert.rejects(open(), withCode('CA_UNUSABLE'));

    const other = await crypto.subtle.generateKey(P256, true, ['sign', 'verify']);
    const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', other.privateKey));
    await writeFile(path.join(dir, 'ca.key'), toPem(pkcs8, 'PRIVATE KEY'));
    await assert.rejects(open(), withCode('CA_UNUSABLE'));

    await writeFile(path.join(dir, 'ca.key'), key);
    nowMs += 11 * 365 * DAY_MS;
    await assert.rejects(open(), withCode('CA_UNUSABLE'));
  });

  test('is valid at once even if it was created with a clock that was hours fast', async () => {
    const { notBeforeMs } = await open();
    nowMs -= 3 * HOUR_MS;
    const authority = await open();
    assert.equal(authority.notBeforeMs, notBeforeMs);
    assert.ok(notBeforeMs < nowMs);
    const trust = await TrustStore.create({ authority, policy: 'invite' });
    const { chain } = await (await Person.enrol(authority)).device();
    assert.ok(await verifyChain(chain, trust, nowMs));
  });
});

describe('signAccount()', () => {
  test('issues a CA that can only issue client certificates', async () => {
    const authority = await open();
    const person = await Person.enrol(authority, '#Ada, "O=x" \\ Ü☃');
    const device = await person.device();
    const text = execFileSync('openssl', ['x509', '-inform', 'DER', '-noout', '-text'], {
      input: person.chain[0],
    }).toString();
    assert.match(text, /CA:TRUE, pathlen:0/);
    assert.match(text, /Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
    assert.match(text, /Extended Key Usage: \s+TLS Web Client Authentication\n/);

    const trust = await TrustStore.create({ authority, policy: 'invite' });
    const verified = await verifyChain(device.chain, trust, nowMs);
    assert.equal(verified.displayName, '#Ada, "O=x" \\ Ü☃');
    assert.equal(verified.accountId, person.accountId);
    assert.equal(verified.deviceId, device.deviceId);
    assert.match(verified.accountAlias, /^[0-9a-f]{40}$/);
    assert.equal(verified.source, 'invite');

    const common = { dir, rootsPem: authority.certificatePem, atMs: nowMs };
    assert.ok((await opensslVerify({ ...common, chain: device.chain })).accepted);
    const server = await person.device('1.3.6.1.5.5.7.3.1');
    const judgement = await opensslVerify({ ...common, chain: server.chain, purpose: 'sslserver' });
    assert.ok(!judgement.accepted, 'whoever holds an account must not be able to make server certificates');
    assert.match(judgement.output, /unsupported certificate purpose|unsuitable certificate purpose/);
  });

  test('marks the phone gateway’s account, and no other', async () => {
    const authority = await open();
    const accountOf = async (displayName: string, unit?: string) => {
      const csr = await createCsr(
        await crypto.subtle.generateKey(P256, true, ['sign', 'verify']),
        displayName,
      );
      const { chain } = await authority.signAccount(csr, { displayName, validSeconds: 60, unit });
      return chain[0] as Uint8Array;
    };
    const gateway = await accountOf('Phones', GATEWAY_UNIT);
    assert.ok(isGatewayAccount(parseCertificate(gateway)));
    assert.match(new X509Certificate(gateway).subject, /^OU=Phone gateway$/m);
    for (const name of ['Phone gateway', 'OU=Phone gateway', 'Phones']) {
      assert.ok(!isGatewayAccount(parseCertificate(await accountOf(name))), name);
    }
  });

  test('gives two devices of one person the same account', async () => {
    const authority = await open();
    const trust = await TrustStore.create({ authority, policy: 'invite' });
    const person = await Person.enrol(authority);
    const one = await verifyChain((await person.device()).chain, trust, nowMs);
    const two = await verifyChain((await person.device()).chain, trust, nowMs);
    assert.equal(one.accountId, two.accountId);
    assert.notEqual(one.deviceId, two.deviceId);
  });

  test('limits the validity to the requested time and that of the CA', async () => {
    const authority = await open();
    const csr = await createCsr(await crypto.subtle.generateKey(P256, true, ['sign', 'verify']));
    const short = await authority.signAccount(csr, { displayName: 'Ada', validSeconds: 60 });
    assert.equal(short.notAfterMs, Math.floor((nowMs + 60_000) / 1000) * 1000);
    assert.equal(Date.parse(new X509Certificate(short.chain[0] ?? '').validTo), short.notAfterMs);
    const long = await authority.signAccount(csr, { displayName: 'Ada', validSeconds: 1e9 });
    assert.equal(long.notAfterMs, authority.notAfterMs);
  });

  test('refuses requests that are malformed, weak, for another type of key, or not signed by their key', async () => {
    const authority = await open();
    const keys = await crypto.subtle.generateKey(P256, true, ['sign', 'verify']);
    const others = await crypto.subtle.generateKey(P256, true, ['sign', 'verify']);
    const good = await createCsr(keys);
    const p384 = { name: 'ECDSA', namedCurve: 'P-384' };
    const rsa = {
      name: 'RSASSA-PKCS1-v1_5',
      modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1]),
      hash: 'SHA-256',
    };
    const changed = Buffer.from(good);
    changed.write('B', changed.indexOf('Ada'));
    const bad: Record<string, Uint8Array> = {
      empty: new Uint8Array(),
      'no request': Buffer.from('3003020101', 'hex'),
      'bytes after it': Buffer.concat([good, Buffer.of(0)]),
      'cut off': good.subarray(0, -1),
      'too large': new Uint8Array(100_000),
      'a changed name': changed,
      'signed by another key': await createCsr({ publicKey: keys.publicKey, privateKey: others.privateKey }),
      'P-384': await createCsr(await crypto.subtle.generateKey(p384, true, ['sign', 'verify'])),
      RSA: await createCsr(await crypto.subtle.generateKey(rsa, true, ['sign', 'verify'])),
      'SHA-1': await createCsr(keys, 'Ada', 'SHA-1'),
      'a certificate': authority.certificateDer,
    };
    for (const [what, csr] of Object.entries(bad)) {
      const signing = authority.signAccount(csr, { displayName: 'Ada', validSeconds: 60 });
      await assert.rejects(signing, withCode('CSR_INVALID'), what);
    }
  });

  test('accepts a request made by openssl', async () => {
    const authority = await open();
    const keyFile = path.join(dir, 'request.key');
    execFileSync('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', keyFile]);
    const arguments_ = ['req', '-new', '-key', keyFile, '-subj', '/CN=x', '-outform', 'DER'];
    const { chain } = await authority.signAccount(new Uint8Array(execFileSync('openssl', arguments_)), {
      displayName: 'Ada',
      validSeconds: 60,
    });
    assert.equal(chain.length, 2);
  });

  test('refuses invalid names', async () => {
    const authority = await open();
    const csr = await createCsr(await crypto.subtle.generateKey(P256, true, ['sign', 'verify']));
    for (const displayName of ['', ' ', '\n', '\u202e', 'x'.repeat(65)]) {
      await assert.rejects(
        authority.signAccount(csr, { displayName, validSeconds: 60 }),
        withCode('BAD_REQUEST'),
      );
    }
  });
});

describe('revocation', () => {
  test('of an account, a device and a serial number applies at once and after a restart', async () => {
    const authority = await open();
    const people = await Promise.all(
      ['Ada', 'Bob', 'Cy', 'Dan'].map((name) => Person.enrol(authority, name)),
    );
    const devices = await Promise.all(people.map((person) => person.device()));
    const [ada, bob, cy, dan] = devices.map(({ chain }) => chain) as [
      Uint8Array[],
      Uint8Array[],
      Uint8Array[],
      Uint8Array[],
    ];
    await authority.revocation.revoke(people[0]?.accountId ?? '');
    await authority.revocation.revoke(devices[1]?.deviceId ?? '');
    await authority.revocation.revoke(new X509Certificate(cy[1] ?? '').serialNumber.toLowerCase());
    const bobsOther = (await people[1]?.device())?.chain ?? [];

    for (const current of [authority, await open()]) {
      const trust = await TrustStore.create({ authority: current, policy: 'invite' });
      for (const chain of [ada, bob, cy]) {
        await assert.rejects(verifyChain(chain, trust, nowMs), withCode('CERT_REVOKED'));
      }
      const fine = await verifyChain(dan, trust, nowMs);
      assert.equal(trust.isRevoked(fine), false);
      assert.equal((await verifyChain(bobsOther, trust, nowMs)).displayName, 'Bob');
    }
  });

  test('of an account prevents a new certificate for its key', async () => {
    const authority = await open();
    const csr = await createCsr(await crypto.subtle.generateKey(P256, true, ['sign', 'verify']));
    const { accountId } = await authority.signAccount(csr, { displayName: 'Ada', validSeconds: 60 });
    await authority.revocation.revoke(accountId);
    const again = authority.signAccount(csr, { displayName: 'Eve', validSeconds: 60 });
    await assert.rejects(again, withCode('CERT_REVOKED'));
  });

  test('refuses invalid ids', async () => {
    const { revocation } = await open();
    for (const id of ['', 'x', 'AB', 'a'.repeat(41), 'a'.repeat(65)]) {
      await assert.rejects(revocation.revoke(id), withCode('BAD_REQUEST'));
    }
  });

  test('keeps all of many concurrent ones', async () => {
    const { revocation } = await open();
    const ids = Array.from({ length: 50 }, (_, i) => `${i + 1}`.padStart(4, '0'));
    await Promise.all(ids.map((id) => revocation.revoke(id)));
    const reopened = (await open()).revocation;
    assert.ok(ids.every((id) => reopened.isRevoked(id)));
  });

  test('applies even if it could not be written, and is written when repeated', async () => {
    const authority = await open();
    const { accountId } = await Person.enrol(authority);
    unwritable = true;
    await assert.rejects(authority.revocation.revoke(accountId));
    assert.ok(authority.revocation.isRevoked(accountId));
    unwritable = false;
    await authority.revocation.revoke(accountId);
    assert.ok((await open()).revocation.isRevoked(accountId));
  });
});

describe('signDtls()', () => {
  test('signs with a server leaf directly under the CA', async () => {
    const authority = await open();
    const signed = await authority.signDtls('worker-1', FINGERPRINT);
    const { workerId, fingerprint, timeMs } = signed;
    assert.deepEqual(
      { workerId, fingerprint, timeMs },
      { workerId: 'worker-1', fingerprint: FINGERPRINT, timeMs: nowMs },
    );
    const chain = decodeChain(signed.chain);
    assert.deepEqual(chain[1], authority.certificateDer);
    const { publicKey } = new X509Certificate(chain[0] ?? '');
    const signature = Buffer.from(signed.signature, 'base64url');
    const statement = serverDtlsStatement({ workerId, fingerprint, timeMs });
    assert.ok(verify('sha256', statement, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature));
    const common = { dir, chain, rootsPem: authority.certificatePem, atMs: nowMs };
    assert.ok((await opensslVerify({ ...common, purpose: 'sslserver' })).accepted);
    assert.ok(!(await opensslVerify(common)).accepted, 'the server’s leaf is no client');
  });

  test('caches the result for an hour, by worker and fingerprint', async () => {
    const authority = await open();
    const first = await authority.signDtls('worker-1', FINGERPRINT);
    nowMs += HOUR_MS - 1;
    assert.equal(await authority.signDtls('worker-1', FINGERPRINT), first);
    assert.notEqual(await authority.signDtls('worker-2', FINGERPRINT), first);
    assert.notEqual(await authority.signDtls('worker-1', FINGERPRINT.replaceAll('AB', 'CD')), first);
    nowMs += 1;
    const second = await authority.signDtls('worker-1', FINGERPRINT);
    assert.equal(second.timeMs, nowMs);
    assert.deepEqual(second.chain, first.chain);
  });

  test('renews its leaf well before it expires', async () => {
    const authority = await open();
    const first = await authority.signDtls('worker-1', FINGERPRINT);
    nowMs += 21 * DAY_MS;
    const second = await authority.signDtls('worker-1', FINGERPRINT);
    assert.notEqual(second.chain[0], first.chain[0]);
    const { validTo } = new X509Certificate(decodeChain(second.chain)[0] ?? '');
    assert.ok(Date.parse(validTo) > nowMs + 29 * DAY_MS);
  });

  test('neither signs nor caches a field that could be read as two', async () => {
    const authority = await open();
    await assert.rejects(authority.signDtls('worker\n1', FINGERPRINT), TypeError);
    await assert.rejects(authority.signDtls('worker\n1', FINGERPRINT), TypeError);
  });
});

describe('tlsCertificate()', () => {
  test('is accepted over HTTPS by a client that trusts the CA', async () => {
    const authority = await open();
    const { cert, key, notAfterMs } = await authority.tlsCertificate([
      'localhost',
      '127.0.0.1',
      '[::1]',
      'Bücher.example',
    ]);
    assert.ok(notAfterMs <= nowMs + 397 * DAY_MS);
    const server = https.createServer({ cert, key }, (_request, response) => response.end('ok'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    for (const servername of ['127.0.0.1', 'localhost', 'xn--bcher-kva.example']) {
      const status = await new Promise((resolve, reject) => {
        const host = servername === '127.0.0.1' ? {} : { servername };
        const options = { host: '127.0.0.1', port, ca: authority.certificatePem, agent: false, ...host };
        https.get(options, (response) => resolve(response.resume().statusCode)).on('error', reject);
      });
      assert.equal(status, 200);
    }
    await new Promise((resolve) => server.close(resolve));
    const chain = fromPem(cert, 'CERTIFICATE');
    const judgement = await opensslVerify({
      dir,
      chain,
      rootsPem: authority.certificatePem,
      atMs: nowMs,
      purpose: 'sslserver',
    });
    assert.ok(judgement.accepted, judgement.output);
    assert.ok(new X509Certificate(cert).checkIP('::1'));
  });

  test('keeps the certificate until its hosts change or it is about to expire', async () => {
    const authority = await open();
    const first = await authority.tlsCertificate(['localhost', '127.0.0.1']);
    assert.deepEqual(await (await open()).tlsCertificate(['localhost']), first);
    const other = await authority.tlsCertificate(['localhost', 'meet.example']);
    assert.notEqual(other.cert, first.cert);
    nowMs += 330 * DAY_MS;
    assert.deepEqual(await authority.tlsCertificate(['localhost']), other);
    nowMs += 10 * DAY_MS;
    assert.notEqual((await authority.tlsCertificate(['localhost'])).cert, other.cert);
  });

  test('is reissued if the clock was fast when it was issued', async () => {
    await open();
    nowMs += 365 * DAY_MS;
    const early = await (await open()).tlsCertificate(['localhost']);
    nowMs -= 365 * DAY_MS;
    const { cert } = await (await open()).tlsCertificate(['localhost']);
    assert.notEqual(cert, early.cert);
    assert.ok(Date.parse(new X509Certificate(cert).validFrom) <= nowMs);
  });

  test('is reissued for another CA or when its key is damaged', async () => {
    const first = await (await open()).tlsCertificate(['localhost']);
    await writeFile(path.join(dir, 'tls.key'), 'x');
    const second = await (await open()).tlsCertificate(['localhost']);
    assert.notEqual(second.cert, first.cert);
    await Promise.all(['ca.pem', 'ca.key'].map((file) => rm(path.join(dir, file))));
    const authority = await open();
    const third = await authority.tlsCertificate(['localhost']);
    assert.ok(
      new X509Certificate(third.cert).verify(new X509Certificate(authority.certificatePem).publicKey),
    );
  });
});
