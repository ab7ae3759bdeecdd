import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes, verify, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { CanopyError, dtlsStatement, type ErrorCode } from '../../../contract/light.ts';
// biome-ignore lint/plugin: the server's own code verifies what the SDK creates
import { Authority, TrustStore, verifyAuthProof } from '../../../signaling/identity/index.ts';
import {
  enrol,
  type Identity,
  type IdentityStore,
  loadIdentity,
  memoryStore,
  restoreFromBackup,
} from './index.ts';
import type { PendingEnrolment } from './store.ts';

const ORIGIN = 'https://meet.example:8443';
const openssl = promisify(execFile);
const withCode = (code: ErrorCode) => (error: CanopyError) => error.code === code;

let dir: string;
let authority: Authority;
let trust: TrustStore;
let caFingerprint: string;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'canopy-sdk-identity-'));
  authority = await Authority.open({ dir: join(dir, 'ca'), name: 'Test' });
  trust = await TrustStore.create({ authority, policy: 'invite' });
  caFingerprint = Buffer.from(authority.fingerprint, 'hex').toString('base64url');
});
after(() => rm(dir, { recursive: true }));

/** A server's REST API with the real CA behind it; `change` may corrupt its answer. */
function api(change: (answer: { chain: string[] }) => object = (answer) => answer): typeof fetch {
  return async (url, init) => {
    const { pathname, searchParams } = new URL(String(url));
    if (pathname === '/api/server') {
      const deploymentCa = Buffer.from(authority.certificateDer).toString('base64');
      return Response.json({ deploymentCa, originAllowed: searchParams.get('origin') === ORIGIN });
    }
    assert.equal(String(url), `${ORIGIN}/api/enrol`);
    const body = JSON.parse(String(init?.body)) as { csr: string; secret: string; displayName?: string };
    if (body.secret !== 'good') {
      return Response.json({ error: new CanopyError('INVITE_USED').toJSON() }, { status: 410 });
    }
    const displayName = body.displayName ?? 'From the invitation';
    const signed = await authority.signAccount(Buffer.from(body.csr, 'base64'), {
      displayName,
      validSeconds: 3600,
    });
    const chain = signed.chain.map((der) => Buffer.from(der).toString('base64'));
    return Response.json(
      change({ chain, role: 'member', displayName, expiresAtMs: 1 } as { chain: string[] }),
    );
  };
}

function enrolled(options: Partial<Parameters<typeof enrol>[0]> = {}): Promise<Identity> {
  return enrol({
    serverUrl: `${ORIGIN}/`,
    secret: 'good',
    caFingerprint,
    displayName: 'Ада',
    fetch: api(),
    ...options,
  });
}

/** The real server's verdict on a proof by this identity. */
async function admit(identity: Identity) {
  const nonce = randomBytes(32).toString('base64url');
  const timeMs = Date.now();
  const proof = { chain: identity.chain, origin: ORIGIN, nonce, timeMs };
  const signature = await identity.proveAuth({ origin: ORIGIN, nonce, timeMs });
  const expected = { nonce, origins: new Set([ORIGIN]), nowMs: timeMs, clockSkewMs: 1000, trust };
  return verifyAuthProof({ ...proof, signature }, expected);
}

async function writePem(name: string, der: string): Promise<string> {
  const file = join(dir, name);
  await writeFile(file, new X509Certificate(Buffer.from(der, 'base64')).toString());
  return file;
}

describe('enrol()', () => {
  it('creates a device that the server admits and that can bind its media keys', async () => {
    const identity = await enrolled();
    const device = await admit(identity);
    assert.equal(device.deviceId, identity.deviceId);
    assert.equal(identity.origin, ORIGIN);
    const fingerprint = Array(32).fill('AB').join(':');
    const signature = await identity.bindDtls({ transportId: 't-1', fingerprint });
    const key = new X509Certificate(Buffer.from(identity.chain[0] ?? '', 'base64')).publicKey;
    const genuine = (transportId: string) =>
      verify(
        'sha256',
        dtlsStatement({ deviceId: device.deviceId, transportId, fingerprint }),
        { key, dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature, 'base64url'),
      );
    assert.ok(genuine('t-1'));
    assert.ok(!genuine('t-2'));
  });

  it('issues a leaf that openssl accepts for client authentication and nothing else', async () => {
    const { chain } = await enrolled();
    const leaf = await writePem('leaf.pem', chain[0] ?? '');
    const account = await writePem('account.pem', chain[1] ?? '');
    const ca = join(dir, 'ca', 'ca.pem');
    const verify = ['verify', '-x509_strict', '-CAfile', ca, '-untrusted', account];
    await openssl('openssl', [...verify, '-purpose', 'sslclient', leaf]);
    await assert.rejects(openssl('openssl', [...verify, '-purpose', 'sslserver', leaf]));
    const { stdout } = await openssl('openssl', ['x509', '-in', leaf, '-noout', '-text', '-nameopt', 'utf8']);
    assert.match(stdout, /Basic Constraints: critical\s+CA:FALSE/);
    assert.match(stdout, /Key Usage: critical\s+Digital Signature\n/);
    assert.match(stdout, /Extended Key Usage: ?\n\s+TLS Web Client Authentication\n/);
    assert.match(stdout, /Subject Key Identifier/);
    assert.match(stdout, /Authority Key Identifier/);
    assert.match(stdout, /Subject: CN ?= ?Ада/);
    assert.match(stdout, /Serial Number:\s+([0-9a-f]{2}:){15}[0-9a-f]{2}\n/);
  });

  it('uses the invitation’s name if none is given', async () => {
    assert.equal((await enrolled({ displayName: undefined })).displayName, 'From the invitation');
  });

  /** A server that counts its requests. */
  function counting(answer: typeof fetch = api()): { sent: string[]; fetch: typeof fetch } {
    const sent: string[] = [];
    const counted: typeof fetch = async (url, init) => {
      if (init?.method === 'POST') {
        sent.push((JSON.parse(String(init.body)) as { csr: string }).csr);
      }
      return answer(url, init);
    };
    return { sent, fetch: counted };
  }

  it('does not spend an invitation whose link names another CA', async () => {
    const caFingerprint = Buffer.alloc(32, 1).toString('base64url');
    const { sent, fetch } = counting();
    await assert.rejects(enrolled({ caFingerprint, fetch }), withCode('INVITE_MISMATCH'));
    assert.deepEqual(sent, []);
  });

  it('does not spend an invitation on a server that does not know its own address', async () => {
    const { sent, fetch } = counting();
    const elsewhere = { serverUrl: 'https://alias.example', fetch };
    await assert.rejects(enrolled(elsewhere), (error: CanopyError) => {
      assert.deepEqual([error.code, error.detail], ['ORIGIN_NOT_ALLOWED', 'https://alias.example']);
      return true;
    });
    assert.deepEqual(sent, []);
  });

  it('repeats the same request if the answer was lost, and sends a new one after a refusal', async () => {
    let lost = true;
    const { sent, fetch } = counting(async (url, init) => {
      const answer = await api()(url, init);
      if (init?.method === 'POST' && lost) {
        throw new TypeError('the network changed');
      }
      return answer;
    });
    const store = memoryStore();
    await assert.rejects(enrolled({ fetch, store }), withCode('CONNECTION_LOST'));
    lost = false;
    const identity = await enrolled({ fetch, store });
    assert.equal(sent[0], sent[1]);
    assert.ok(identity.canExportBackup);
    await enrolled({ fetch, store });
    assert.notEqual(sent[1], sent[2]);
  });

  it('repeats the same request after a reload, from the store', async () => {
    const kept = new Map<string, PendingEnrolment | undefined>();
    const store: IdentityStore = {
      ...memoryStore(),
      savePending: async (origin, pending) => void kept.set(origin, pending),
      loadPending: async (origin) => kept.get(origin),
    };
    const { sent, fetch } = counting();
    const offline: typeof fetch = async (url, init) => {
      if (init?.method === 'POST') {
        throw new TypeError('offline');
      }
      return api()(url, init);
    };
    await assert.rejects(enrolled({ fetch: offline, store }), withCode('CONNECTION_LOST'));
    const pending = kept.get(ORIGIN);
    assert.equal(pending?.accountKey.extractable, false);
    // Simulates a reload: a refusal clears this page's memory.
    const used = { secret: 'good', fetch: api() };
    await enrolled(used);
    kept.set(ORIGIN, pending);
    const identity = await enrolled({ fetch, store });
    assert.deepEqual(sent, [pending?.csr]);
    assert.ok(!identity.canExportBackup, 'the key that survives a reload cannot be read');
    assert.equal((await admit(identity)).deviceId, identity.deviceId);
    assert.equal(kept.get(ORIGIN), undefined);
  });

  it('refuses a certificate for another key', async () => {
    const { chain } = await enrolled();
    const swapped = api((answer) => ({ ...answer, chain: [chain[1], answer.chain[1]] }));
    await assert.rejects(enrolled({ fetch: swapped }), withCode('SERVER_UNVERIFIED'));
  });

  it('refuses a broken chain and a truncated one', async () => {
    const other = await Authority.open({ dir: join(dir, 'other'), name: 'Test' });
    const foreign = Buffer.from(other.certificateDer).toString('base64');
    const swapped = api((answer) => ({ ...answer, chain: [answer.chain[0], foreign] }));
    await assert.rejects(
      enrolled({ fetch: swapped, caFingerprint: undefined }),
      withCode('SERVER_UNVERIFIED'),
    );
    const short = api((answer) => ({ ...answer, chain: answer.chain.slice(0, 1) }));
    await assert.rejects(enrolled({ fetch: short, caFingerprint: undefined }), withCode('CERT_MISSING'));
  });

  it('reports the server’s refusals, and a server that cannot be reached', async () => {
    await assert.rejects(enrolled({ secret: 'used' }), withCode('INVITE_USED'));
    const unreachable: typeof fetch = () => Promise.reject(new TypeError('failed'));
    await assert.rejects(enrolled({ fetch: unreachable }), withCode('CONNECTION_LOST'));
    const notCanopy: typeof fetch = async () => new Response('<html>', { status: 502 });
    await assert.rejects(enrolled({ fetch: notCanopy }), withCode('CONNECTION_LOST'));
  });

  it('stores non-extractable keys, unless the store must serialise them', async () => {
    const store = memoryStore();
    const identity = await enrolled({ store });
    const kept = await store.load(ORIGIN);
    assert.equal(kept?.deviceKey.extractable, false);
    assert.equal(kept?.accountKey?.extractable, false);
    const loaded = await loadIdentity(`${ORIGIN}/#/room/x`, store);
    assert.equal(loaded?.deviceId, identity.deviceId);
    assert.equal((await admit(loaded as Identity)).deviceId, identity.deviceId);
    assert.equal(loaded?.canExportBackup, false);
    assert.equal(await loadIdentity('https://other.example', store), undefined);

    const file = { ...memoryStore(), needsExtractableKeys: true };
    await enrolled({ store: file });
    assert.equal((await file.load(ORIGIN))?.deviceKey.extractable, true);
  });
});

describe('backups', () => {
  const PASSWORD = 'correct horse';
  let first: Identity;
  let backup: string;

  before(async () => {
    first = await enrolled();
    backup = await first.exportBackup(PASSWORD);
  });

  it('link another device to the same account', async () => {
    const second = await restoreFromBackup({ backup, password: PASSWORD });
    assert.notEqual(second.deviceId, first.deviceId);
    assert.equal(second.displayName, 'Ада');
    const [one, two] = [await admit(first), await admit(second)];
    assert.equal(one.accountId, two.accountId);
  });

  it('can be exported while the page that enrolled is open, unless the store holds the only key', async () => {
    assert.equal(first.canExportBackup, true);
    const store = memoryStore();
    await enrolled({ store });
    const loaded = await loadIdentity(ORIGIN, store);
    assert.ok(loaded);
    await assert.rejects(loaded.exportBackup(PASSWORD), withCode('ACCOUNT_KEY_MISSING'));
  });

  it('reveal nothing about the account without the password', () => {
    const file = JSON.parse(backup) as { content: string; kdf: { iterations: number } };
    assert.deepEqual(Object.keys(file).sort(), ['canopyBackup', 'cipher', 'content', 'kdf']);
    assert.ok(file.kdf.iterations >= 600_000);
    assert.ok(!Buffer.from(file.content, 'base64').includes('Ада'));
  });

  it('open only with the password, and only if unchanged', async () => {
    const file = JSON.parse(backup);
    const changed = (change: object) => JSON.stringify({ ...file, ...change });
    const damaged = Buffer.from(file.content, 'base64');
    damaged.writeUInt8(damaged.readUInt8(5) ^ 1, 5);
    for (const [text, password] of [
      [backup, 'Correct horse'],
      ['not JSON', PASSWORD],
      ['{}', PASSWORD],
      [changed({ content: damaged.toString('base64') }), PASSWORD],
      [changed({ kdf: { ...file.kdf, iterations: 600_001 } }), PASSWORD],
      [changed({ kdf: { ...file.kdf, iterations: 1 } }), PASSWORD],
      [changed({ kdf: { ...file.kdf, iterations: 1e12 } }), PASSWORD],
      [changed({ canopyBackup: 2 }), PASSWORD],
    ] as const) {
      await assert.rejects(restoreFromBackup({ backup: text, password }), withCode('BACKUP_INVALID'));
    }
  });
});
