import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { InProcessServer } from '../../../../test/support/in-process-server.ts';
import { linkDevices } from '../../../../test/support/linked-device.ts';
import { newIdentity } from '../../../../test/support/protocol-client.ts';
// biome-ignore lint/plugin: certificates that expire soon
import { issueDeviceCertificate } from '../../../sdk/identity/issue.ts';
import { AccountKey, connect, type Identity, type IdentityStore, memoryStore } from '../../../sdk/index.ts';
import { AccountCare } from './account-care.ts';

const DAY_MS = 86_400_000;
const PASSWORD = 'correct horse battery';

describe('AccountCare', () => {
  let server: InProcessServer;
  const open: Array<() => Promise<void>> = [];

  before(async () => {
    server = await InProcessServer.start();
  });
  afterEach(async () => {
    for (const close of open.splice(0)) {
      await close();
    }
  });
  after(() => server.close());

  /** A device with the page's care for it. `key`: how it holds the account's key. */
  async function device(
    identity: Identity,
    { key, expiresInDays }: { key: 'usable' | 'locked' | 'absent'; expiresInDays?: number },
  ) {
    const store = memoryStore();
    const { stored, exportableKey } = identity;
    if (expiresInDays !== undefined && exportableKey) {
      await shorten(identity, exportableKey, expiresInDays);
    }
    await store.save(identity.stored);
    const accountKey = new AccountKey(identity, store);
    if (key === 'locked') {
      await accountKey.protect({ password: PASSWORD });
    } else if (key === 'absent') {
      await accountKey.forget();
    } else {
      identity.adopt({ ...stored, chain: [...identity.chain] }, undefined);
    }
    let renewed = () => {};
    const isRenewed = new Promise<void>((resolve) => {
      renewed = resolve;
    });
    const care = new AccountCare({ store: () => store, renewed: () => renewed() });
    await care.use(identity);
    return { care, store, identity, isRenewed };
  }

  async function shorten(identity: Identity, accountKey: CryptoKey, days: number): Promise<void> {
    const { X509Certificate } = await import('@peculiar/x509');
    const { stored } = identity;
    const certificate = await issueDeviceCertificate({
      account: stored.chain[1] ?? '',
      accountKey,
      devicePublicKey: await new X509Certificate(stored.chain[0] ?? '').publicKey.export(
        { name: 'ECDSA', namedCurve: 'P-256' },
        ['verify'],
      ),
      displayName: identity.displayName,
      maxAgeMs: days * DAY_MS,
    });
    identity.adopt({ ...stored, chain: [certificate, ...stored.chain.slice(1)] }, accountKey);
  }

  async function connected({ care, identity }: { care: AccountCare; identity: Identity }) {
    const client = await connect({ url: server.url, identity });
    open.push(() => client.close());
    care.connected(client);
    return client;
  }

  const daysLeft = (identity: Identity) => (identity.expiresAtMs - Date.now()) / DAY_MS;

  async function expiryIn(store: IdentityStore): Promise<number> {
    const { loadIdentity } = await import('../../../sdk/index.ts');
    const identity = await loadIdentity(server.url, store);
    return identity ? daysLeft(identity) : 0;
  }

  it('offers to protect a key that is readable, until the user does not want to', async () => {
    const identity = await newIdentity(server);
    const store = memoryStore();
    await store.save(identity.stored);
    const care = new AccountCare({ store: () => store, renewed: () => {} });
    await care.use(identity);
    assert.deepEqual([care.keyState.value, care.need.value?.kind], ['open', 'protect']);
    care.dismiss();
    assert.equal(care.need.value, undefined);
    const guest = await newIdentity(server, { role: 'guest', roomId: 'team' });
    await care.use(guest);
    assert.equal(care.need.value, undefined, 'a guest’s account lasts for a day');
  });

  it('renews a certificate by itself if nobody has to be asked, even an expired one', async () => {
    for (const expiresInDays of [10, -1]) {
      const own = await device(await newIdentity(server), { key: 'usable', expiresInDays });
      await own.isRenewed;
      assert.ok(daysLeft(own.identity) > 100);
      assert.equal(own.care.need.value, undefined);
      assert.ok((await expiryIn(own.store)) > 100);
    }
  });

  it('asks for the password if the key is locked', async () => {
    const own = await device(await newIdentity(server), { key: 'locked', expiresInDays: 10 });
    assert.equal(own.care.need.value?.kind, 'renew');
    await assert.rejects(own.care.renew({ password: 'wrong' }), { code: 'ACCOUNT_KEY_LOCKED' });
    await own.care.renew({ password: PASSWORD });
    assert.equal(own.care.need.value, undefined);
    assert.ok((await expiryIn(own.store)) > 100);
    assert.equal(own.care.keyState.value, 'locked');
  });

  it('lets another device renew it, without asking there if that is possible', async () => {
    const first = await newIdentity(server);
    const [second] = await linkDevices(first, 1);
    assert.ok(second);
    const holder = await device(first, { key: 'usable' });
    const own = await device(second, { key: 'absent', expiresInDays: 10 });
    assert.equal(own.care.need.value?.kind, 'renew-elsewhere');
    await connected(holder);
    await connected(own);
    await own.isRenewed;
    assert.equal(own.care.need.value, undefined);
    assert.ok((await expiryIn(own.store)) > 100);
  });

  it('lets another device renew it that connects later and asks for the password', async () => {
    const first = await newIdentity(server);
    const [second] = await linkDevices(first, 1);
    assert.ok(second);
    const holder = await device(first, { key: 'locked' });
    const own = await device(second, { key: 'absent', expiresInDays: 10 });
    const client = await connected(own);
    await client.devices.rename('Tablet');
    const asked = new Promise<void>((resolve) => {
      holder.care.asking.subscribe(([device]) => device && resolve());
    });
    await connected(holder);
    await asked;
    assert.deepEqual(
      holder.care.asking.value.map(({ deviceId }) => deviceId),
      [second.deviceId],
    );
    await holder.care.renew({ password: PASSWORD });
    await own.isRenewed;
    assert.deepEqual(holder.care.asking.value, []);
    assert.ok((await expiryIn(own.store)) > 100);
  });
});
