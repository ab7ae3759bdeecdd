import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { CanopyError, type ErrorCode } from '../../../contract/light.ts';
// biome-ignore lint/plugin: the server's own code issues and verifies certificates
import { Authority, TrustStore, verifyChain } from '../../../signaling/identity/index.ts';
import { fromBase64, randomBytes, toBase64 } from '../bytes.ts';
import {
  AccountKey,
  enrol,
  type Identity,
  type IdentityStore,
  loadIdentity,
  memoryStore,
  renewalDue,
  renewIdentity,
  restoreFromBackup,
} from './index.ts';
import { issueDeviceCertificate } from './issue.ts';
import { adoptRenewal, issueRenewal, makeRenewalRequest } from './renewal.ts';

const ORIGIN = 'https://meet.example:8443';
const DAY_MS = 86_400_000;
const PASSWORD = 'correct horse battery';
const withCode = (code: ErrorCode) => (error: CanopyError) => error.code === code;

let dir: string;
let authority: Authority;
let trust: TrustStore;
let validSeconds: number;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'canopy-account-key-'));
  authority = await Authority.open({ dir: join(dir, 'ca'), name: 'Test' });
  trust = await TrustStore.create({ authority, policy: 'invite' });
});
after(() => rm(dir, { recursive: true }));
beforeEach(() => {
  validSeconds = 5 * 365 * 86_400;
});

const server: typeof fetch = async (url, init) => {
  if (String(url).includes('/api/server')) {
    return Response.json({ deploymentCa: toBase64(authority.certificateDer) });
  }
  const { csr } = JSON.parse(String(init?.body)) as { csr: string };
  const signed = await authority.signAccount(Buffer.from(csr, 'base64'), {
    displayName: 'Ada',
    validSeconds,
  });
  const chain = signed.chain.map((der) => toBase64(der));
  return Response.json({ chain, role: 'member', displayName: 'Ada', expiresAtMs: 1 });
};

async function person(): Promise<{ identity: Identity; store: IdentityStore; key: AccountKey }> {
  const store = memoryStore();
  const identity = await enrol({ serverUrl: ORIGIN, secret: 'any', fetch: server, store });
  return { identity, store, key: new AccountKey(identity, store) };
}

/** The person after the page was closed and opened again. */
async function reloaded(store: IdentityStore): Promise<{ identity: Identity; key: AccountKey }> {
  const identity = await loadIdentity(ORIGIN, store);
  assert.ok(identity);
  return { identity, key: new AccountKey(identity, store) };
}

const verdict = (identity: Identity, nowMs = Date.now()) =>
  verifyChain(identity.chain.map(fromBase64), trust, nowMs);

describe('the account key on a device', () => {
  it('is readable while the page that enrolled is open, and only usable afterwards', async () => {
    const { store, key } = await person();
    assert.deepEqual([key.state, key.canExport], ['open', true]);
    const later = await reloaded(store);
    assert.deepEqual([later.key.state, later.key.canExport], ['usable', false]);
    assert.equal((await later.key.unlock()).extractable, false);
    await assert.rejects(later.key.protect({ password: PASSWORD }), withCode('ACCOUNT_KEY_MISSING'));
    await assert.rejects(later.key.exportBackup(PASSWORD), withCode('ACCOUNT_KEY_MISSING'));
  });

  it('is stored encrypted with a password, and nowhere else', async () => {
    const { store, key, identity } = await person();
    const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', await key.unlock()));
    await key.protect({ password: PASSWORD });
    assert.deepEqual([key.state, identity.canExportBackup], ['locked', false]);
    const stored = await store.load(ORIGIN);
    assert.equal(stored?.accountKey, undefined);
    const content = Buffer.from(stored?.wrappedAccountKey?.content ?? '', 'base64');
    assert.ok(content.length > 0 && !content.includes(Buffer.from(pkcs8.slice(-32))));

    const later = await reloaded(store);
    assert.equal(later.key.lock?.by, 'password');
    await assert.rejects(later.key.unlock(), withCode('ACCOUNT_KEY_LOCKED'));
    await assert.rejects(later.key.unlock({ password: 'wrong' }), withCode('ACCOUNT_KEY_LOCKED'));
    const unlocked = await later.key.unlock({ password: PASSWORD });
    assert.deepEqual(new Uint8Array(await crypto.subtle.exportKey('pkcs8', unlocked)), pkcs8);
    assert.equal(later.key.state, 'locked', 'it is not kept');
  });

  it('allows a backup at any time, once unlocked', async () => {
    const { store, key } = await person();
    await key.protect({ password: PASSWORD });
    const later = await reloaded(store);
    const unlocking = { password: PASSWORD };
    const backup = await later.key.exportBackup('another password', unlocking);
    const second = await restoreFromBackup({ backup, password: 'another password' });
    const [one, two] = [await verdict(later.identity), await verdict(second)];
    assert.equal(one.accountId, two.accountId);
    await assert.rejects(later.key.exportBackup('x', { password: 'y' }), withCode('ACCOUNT_KEY_LOCKED'));
  });

  it('can be locked with a passkey’s secret instead, and the lock be changed', async () => {
    const { store, key } = await person();
    const passkey = { credentialId: 'AAAA', salt: toBase64(randomBytes(32)), secret: randomBytes(32) };
    await key.protect({ passkey });
    assert.deepEqual(key.lock, { by: 'passkey', credentialId: 'AAAA', salt: passkey.salt });
    await assert.rejects(key.unlock({ password: PASSWORD }), withCode('ACCOUNT_KEY_LOCKED'));
    await assert.rejects(key.unlock({ passkeySecret: randomBytes(32) }), withCode('ACCOUNT_KEY_LOCKED'));
    await key.protect({ password: PASSWORD }, { passkeySecret: passkey.secret });
    assert.equal((await reloaded(store)).key.lock?.by, 'password');
    await key.unlock({ password: PASSWORD });
  });

  it('an encrypted key that was changed, or stored for another server, stays locked', async () => {
    const { store, key } = await person();
    await key.protect({ password: PASSWORD });
    const stored = await store.load(ORIGIN);
    assert.ok(stored?.wrappedAccountKey);
    const { wrappedAccountKey } = stored;
    const elsewhere = 'https://elsewhere.example';
    const { lock } = wrappedAccountKey;
    for (const changed of [
      { ...stored, origin: elsewhere },
      { ...stored, wrappedAccountKey: { ...wrappedAccountKey, iv: toBase64(randomBytes(12)) } },
      {
        ...stored,
        wrappedAccountKey: {
          ...wrappedAccountKey,
          lock: { by: 'password' as const, iterations: 1, salt: lock.salt },
        },
      },
    ]) {
      const other = memoryStore();
      await other.save(changed);
      const identity = await loadIdentity(changed.origin, other);
      assert.ok(identity);
      const unlocked = new AccountKey(identity, other).unlock({ password: PASSWORD });
      await assert.rejects(unlocked, withCode('ACCOUNT_KEY_LOCKED'));
    }
  });

  it('a renewal in another tab does not undo the protection, nor bring back a forgotten identity', async () => {
    const { store, key } = await person();
    const otherTab = await reloaded(store);
    assert.equal(otherTab.key.state, 'usable');
    await key.protect({ password: PASSWORD });
    await renewIdentity(otherTab.identity, store, await otherTab.key.unlock());
    assert.equal((await reloaded(store)).key.state, 'locked');
    assert.equal((await store.load(ORIGIN))?.accountKey, undefined);
    await store.remove(ORIGIN);
    await key.forget();
    assert.equal(await store.load(ORIGIN), undefined);
  });

  it('can be forgotten: the device stays signed in, but adds no others', async () => {
    const { store, key, identity } = await person();
    await key.forget();
    assert.equal(key.state, 'absent');
    await assert.rejects(key.unlock(), withCode('ACCOUNT_KEY_MISSING'));
    assert.equal((await verdict((await reloaded(store)).identity)).deviceId, identity.deviceId);
  });
});

describe('renewal of a device’s certificate', () => {
  /** Replaces the device's certificate by one that expires in this many days. */
  async function expiring(days: number, p: { identity: Identity; store: IdentityStore; key: AccountKey }) {
    const { stored } = p.identity;
    const { X509Certificate } = await import('@peculiar/x509');
    const leaf = new X509Certificate(stored.chain[0] ?? '');
    const certificate = await issueDeviceCertificate({
      account: stored.chain[1] ?? '',
      accountKey: await p.key.unlock(),
      devicePublicKey: await leaf.publicKey.export({ name: 'ECDSA', namedCurve: 'P-256' }, ['verify']),
      displayName: 'Ada',
      maxAgeMs: days * DAY_MS,
    });
    const short = { ...stored, chain: [certificate, ...stored.chain.slice(1)] };
    await p.store.save(short);
    p.identity.adopt(short, p.identity.exportableKey);
  }

  it('is due in the last 14 days of 180, and keeps the device', async () => {
    const p = await person();
    const { identity, store, key } = p;
    const days = (identity.expiresAtMs - Date.now()) / DAY_MS;
    assert.ok(days > 179 && days <= 180, `${days}`);
    assert.equal(renewalDue(identity), 'no');
    assert.equal(renewalDue(identity, Date.now() + 167 * DAY_MS), 'yes');
    await expiring(13, p);
    assert.equal(renewalDue(identity), 'yes');
    const before = await verdict(identity);
    await renewIdentity(identity, store, await key.unlock());
    assert.equal(renewalDue(identity), 'no');
    const after = await verdict((await reloaded(store)).identity);
    assert.deepEqual([after.deviceId, after.accountId], [before.deviceId, before.accountId]);
    assert.ok(after.notAfterMs > before.notAfterMs);
  });

  it('happens when the identity is loaded, if nobody has to be asked', async () => {
    const p = await person();
    await expiring(5, p);
    assert.equal(renewalDue((await reloaded(p.store)).identity), 'no');
    await expiring(5, p);
    await p.key.protect({ password: PASSWORD });
    assert.equal(renewalDue((await reloaded(p.store)).identity), 'yes');
  });

  it('works even after the certificate has expired', async () => {
    const p = await person();
    await expiring(-1, p);
    assert.ok(p.identity.expired);
    await renewIdentity(p.identity, p.store, await p.key.unlock());
    assert.equal(p.identity.expired, false);
    await verdict(p.identity);
  });

  it('is not possible once the account itself expires, of which guests are not reminded', async () => {
    validSeconds = 100 * 86_400;
    const member = await person();
    assert.equal(renewalDue(member.identity), 'no');
    assert.equal(renewalDue(member.identity, Date.now() + 90 * DAY_MS), 'account');
    validSeconds = 86_400;
    assert.equal(renewalDue((await person()).identity), 'no');
  });

  it('is issued by another device of the account, for the device that asks and only for it', async () => {
    const holder = await person();
    const backup = await holder.key.exportBackup(PASSWORD);
    const store = memoryStore();
    const identity = await restoreFromBackup({ backup, password: PASSWORD, store });
    const asking = { identity, store, key: new AccountKey(identity, store) };
    await expiring(3, asking);
    await asking.key.forget();
    const request = await makeRenewalRequest(identity);
    const { deviceId } = identity;
    const accountKey = await holder.key.unlock();
    const certificate = await issueRenewal(holder.identity, accountKey, { deviceId, request });
    await adoptRenewal(identity, store, certificate);
    assert.equal(renewalDue(identity), 'no');
    await verdict(identity);

    const stranger = await person();
    const own = await makeRenewalRequest(holder.identity);
    for (const [id, wrong] of [
      [holder.identity.deviceId, request],
      [deviceId, { ...request, timeMs: request.timeMs + 1 }],
      [deviceId, { ...request, signature: own.signature }],
      [deviceId, { ...own, signature: request.signature }],
      [stranger.identity.deviceId, await makeRenewalRequest(stranger.identity)],
    ] as const) {
      await assert.rejects(
        issueRenewal(holder.identity, accountKey, { deviceId: id, request: wrong }),
        CanopyError,
      );
    }
    await assert.rejects(
      adoptRenewal(holder.identity, holder.store, certificate),
      withCode('CERT_UNTRUSTED'),
    );
  });
});
