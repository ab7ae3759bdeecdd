import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, afterEach, before, describe, it } from 'node:test';
// biome-ignore lint/plugin: an attacker who knows the code
import { linkSecrets } from '../../../client/sdk/identity/index.ts';
import {
  AccountKey,
  type AskingDevice,
  type ClaimOptions,
  type Client,
  claimDevice,
  connect,
  type DeviceClaim,
  type DeviceOffer,
  type Identity,
  memoryStore,
  parseDeviceLink,
  parseLinkCode,
} from '../../../client/sdk/index.ts';
import { CuttableRelay } from '../../../test/support/cuttable-relay.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { linkDevices } from '../../../test/support/linked-device.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';
import { TamperingProxy } from '../../../test/support/tampering-proxy.ts';

let server: InProcessServer;
let relay: CuttableRelay;
let proxy: TamperingProxy;
const open: Array<() => Promise<void> | void> = [];

before(async () => {
  proxy = await TamperingProxy.open();
  relay = await CuttableRelay.open(() => server.signaling.port);
  server = await InProcessServer.start({ 'server.origins': `${relay.url},${proxy.url}` });
  proxy.target = server.url;
});
afterEach(async () => {
  proxy.tamper = (text) => text;
  for (const close of open.splice(0).reverse()) {
    await close();
  }
});
after(async () => {
  await server.close();
  relay.close();
  await proxy.close();
});

/** Someone on the device where they enrolled. */
async function person(url = server.url): Promise<{ identity: Identity; client: Client }> {
  const identity = await newIdentity(server, { displayName: 'Olga' });
  const client = await connect({ url, identity });
  open.push(() => client.close());
  return { identity, client };
}

async function offerOf(client: Client): Promise<DeviceOffer> {
  const offer = await client.devices.offer();
  open.push(() => offer.cancel());
  return offer;
}

async function claim(offer: DeviceOffer, options: Partial<ClaimOptions> = {}): Promise<DeviceClaim> {
  const link = parseDeviceLink(offer.url);
  assert.ok(link);
  const claimed = await claimDevice({
    url: server.url,
    link,
    name: 'Phone',
    client: 'Firefox on Android',
    ...options,
  });
  open.push(() => claimed.cancel());
  return claimed;
}

const asked = (offer: DeviceOffer): Promise<AskingDevice> =>
  offer.asking
    ? Promise.resolve(offer.asking)
    : new Promise((resolve) => {
        offer.once('asked', resolve);
      });

const keyOf = (identity: Identity) => new AccountKey(identity, memoryStore()).unlock();

/** A well-formed request that no device made. */
const madeUp = () => ({
  exchangeId: randomBytes(16).toString('base64url'),
  request: {
    deviceKey: 'AAAA',
    sealingKey: 'AAAA',
    name: 'Mallory',
    client: 'curl',
    signature: 'AAAA',
    mac: 'A'.repeat(43),
  },
});

describe('adding a device by a code', () => {
  it('certifies the new device, which signs in as the same account, without the account’s key', async () => {
    const { identity, client } = await person();
    const offer = await offerOf(client);
    const store = memoryStore();
    const claiming = await claim(offer, { store });
    const asking = await asked(offer);
    assert.deepEqual([asking.name, asking.client], ['Phone', 'Firefox on Android']);
    await offer.approve(await keyOf(identity), { handOver: false });
    const added = await claiming.identity;
    assert.deepEqual(await offer.added, asking);
    assert.equal(added.deviceId, asking.deviceId);
    assert.equal(new AccountKey(added, store).state, 'absent');
    const second = await connect({ url: server.url, identity: added });
    open.push(() => second.close());
    assert.equal(second.account.accountId, client.account.accountId);
    await second.devices.rename('My phone');
    const listed = await client.devices.list();
    assert.deepEqual(
      listed.map(({ deviceId, name, connected }) => [deviceId, name, connected]).sort(),
      [
        [added.deviceId, 'My phone', true],
        [identity.deviceId, null, true],
      ].sort(),
    );
  });

  it('works by the typed code too, and hands over the key if the user agrees', async () => {
    const { identity, client } = await person();
    const offer = await offerOf(client);
    const code = parseLinkCode(offer.code.toLowerCase());
    assert.ok(code);
    const store = memoryStore();
    // Invisible characters in names do not break the authentication.
    const claiming = await claim(offer, { link: { code }, store, name: ' Pho\u200bne\u0301 ' });
    await asked(offer);
    await offer.approve(await keyOf(identity), { handOver: true });
    const key = new AccountKey(await claiming.identity, store);
    assert.equal(key.state, 'open');
    assert.equal((await store.load(server.url))?.accountKey, undefined, 'it is only in memory');
    await key.protect({ password: 'correct horse' });
    assert.equal(key.state, 'locked');
  });

  it('survives lost connections of both devices', async () => {
    const { identity, client } = await person(relay.url);
    const offer = await offerOf(client);
    const back = () => new Promise<void>((resolve) => offer.on('connected', (on) => on && resolve()));
    let returned = back();
    relay.cut();
    await returned;
    const claiming = await claim(offer, { url: relay.url });
    await asked(offer);
    returned = back();
    const claimReturned = new Promise<void>((resolve) => claiming.on('connected', (on) => on && resolve()));
    relay.cut();
    await Promise.all([returned, claimReturned]);
    await offer.approve(await keyOf(identity), { handOver: false });
    assert.equal((await claiming.identity).deviceId, (await offer.added).deviceId);
  });

  it('ends for both when either gives up, and adds nothing', async () => {
    const { client } = await person();
    const offer = await offerOf(client);
    const claiming = await claim(offer);
    await asked(offer);
    await offer.cancel();
    await assert.rejects(claiming.identity, { code: 'DEVICE_LINK_ENDED' });
    await assert.rejects(offer.added, { code: 'DEVICE_LINK_ENDED' });

    const again = await offerOf(client);
    const other = await claim(again);
    await asked(again);
    await other.cancel();
    await assert.rejects(again.added, { code: 'DEVICE_LINK_ENDED' });
    assert.equal((await client.devices.list()).length, 1);
  });

  it('an account shows one code at a time: a new one ends the earlier one', async () => {
    const { client } = await person();
    const first = await offerOf(client);
    await offerOf(client);
    await assert.rejects(first.added, { code: 'DEVICE_LINK_ENDED' });
    await assert.rejects((await claim(first)).identity, { code: 'DEVICE_CODE_UNKNOWN' });
  });

  it('threat 30: a wrong code leads nowhere, and the account with the code does not notice', async () => {
    const { client } = await person();
    const offer = await offerOf(client);
    const wrong = await claim(offer, { link: { code: '0'.repeat(16) } });
    await assert.rejects(wrong.identity, { code: 'DEVICE_CODE_UNKNOWN' });
    assert.equal(offer.asking, undefined);
  });

  it('threat 30: only the first device that uses a code is heard, and a code works once', async () => {
    const { identity, client } = await person();
    const offer = await offerOf(client);
    const first = await claim(offer);
    await asked(offer);
    await assert.rejects((await claim(offer, { name: 'Thief' })).identity, { code: 'DEVICE_CODE_USED' });
    assert.equal(offer.asking?.name, 'Phone');
    await offer.approve(await keyOf(identity), { handOver: false });
    await first.identity;
    await assert.rejects((await claim(offer)).identity, { code: 'DEVICE_CODE_USED' });
  });

  it('threat 24: a server that swaps keys, names or answers is noticed, and nothing is added', async () => {
    const { identity, client } = await person();
    const mallory = await person();
    const changed = (text: string, field: string) =>
      text.replace(
        new RegExp(`("${field}":"...)(.)`),
        (_, before: string, last: string) => `${before}${last === 'A' ? 'B' : 'A'}`,
      );
    for (const change of [
      (text: string) => changed(text, 'name'),
      (text: string) => changed(text, 'deviceKey'),
      (text: string) => changed(text, 'sealingKey'),
    ]) {
      const offer = await offerOf(client);
      proxy.tamper = (text, towards) => (towards === 'to-server' ? change(text) : text);
      const claiming = await claim(offer, { url: proxy.url });
      await assert.rejects(offer.added, { code: 'DEVICE_LINK_FORGED' });
      await assert.rejects(claiming.identity, { code: 'DEVICE_LINK_ENDED' });
      assert.equal(offer.asking, undefined);
    }
    // Answers: a bit is flipped, or another exchange's answer is passed on.
    const other = await offerOf(mallory.client);
    const otherClaim = await claim(other);
    await asked(other);
    const replayed = new Promise<string>((resolve) => {
      proxy.tamper = (text, towards) => {
        const sealed = /"sealed":"([^"]+)"/.exec(text)?.[1];
        if (towards === 'to-client' && sealed) {
          resolve(sealed);
          return text.replace(
            sealed,
            `${sealed.slice(0, 9)}${sealed[9] === 'A' ? 'B' : 'A'}${sealed.slice(10)}`,
          );
        }
        return text;
      };
    });
    const offer = await offerOf(client);
    const claiming = await claim(offer, { url: proxy.url });
    await asked(offer);
    await offer.approve(await keyOf(identity), { handOver: true });
    await replayed;
    await assert.rejects(claiming.identity, { code: 'DEVICE_LINK_FORGED' });
    await assert.rejects(offer.added, { code: 'DEVICE_LINK_ENDED' });
    await otherClaim.cancel();
  });

  it('threat 24: a link that names another CA is not used', async () => {
    const { client } = await person();
    const offer = await offerOf(client);
    const link = parseDeviceLink(offer.url.replace(/\.[^.]+$/, `.${'A'.repeat(43)}`));
    assert.ok(link);
    await assert.rejects(claim(offer, { link }), { code: 'INVITE_MISMATCH' });
  });

  it('threat 5: nobody else can answer, confirm or cancel an exchange', async () => {
    const { client } = await person();
    const offer = await offerOf(client);
    await claim(offer);
    await asked(offer);
    const mallory = await ProtocolClient.enter(server.url, await newIdentity(server));
    const stranger = await ProtocolClient.open(server.url);
    open.push(
      () => mallory.close(),
      () => stranger.close(),
    );
    const { code, caFingerprint } = parseDeviceLink(offer.url) ?? assert.fail();
    const { exchangeId } = await linkSecrets({ code, caFingerprint });
    const answer = { encapsulated: 'AAAA', sealed: 'AAAA' };
    assert.equal(await mallory.refusal('device.offer', { exchangeId }), 'DEVICE_CODE_USED');
    assert.equal(await mallory.refusal('device.answer', { exchangeId, answer }), 'DEVICE_CODE_UNKNOWN');
    for (const attacker of [mallory, stranger]) {
      const confirmation = 'A'.repeat(43);
      assert.equal(
        await attacker.refusal('device.confirm', { exchangeId, confirmation }),
        'DEVICE_CODE_UNKNOWN',
      );
      await attacker.get('device.cancel', { exchangeId });
    }
    assert.equal(await stranger.refusal('device.offer', { exchangeId }), 'AUTH_REQUIRED');
    assert.ok(offer.asking);
    const reads = await claim(offer, { name: 'Late' });
    await assert.rejects(reads.identity, { code: 'DEVICE_CODE_USED' });
  });

  it('threat 63: strangers who guess are soon refused, and store nothing', async () => {
    const fresh = await InProcessServer.start();
    try {
      const stranger = await ProtocolClient.open(fresh.url);
      const codes = new Set<string>();
      for (let n = 0; n < 30; n += 1) {
        codes.add(await stranger.refusal('device.request', madeUp()));
      }
      assert.deepEqual([...codes], ['DEVICE_CODE_UNKNOWN', 'RATE_LIMITED']);
      stranger.close();
    } finally {
      await fresh.close();
    }
  });

  it('an account that shows codes without end is slowed down', async () => {
    const mallory = await ProtocolClient.enter(server.url, await newIdentity(server));
    const answers = [];
    for (let n = 0; n < 25; n += 1) {
      answers.push(await mallory.ask('device.offer', { exchangeId: madeUp().exchangeId }));
    }
    const refused = answers.flatMap((each) => (each.ok ? [] : each.error.code));
    assert.equal(refused[0], 'RATE_LIMITED');
    assert.ok(refused.length >= 4);
    mallory.close();
  });
});

describe('the devices of one’s own account', () => {
  it('one device revokes another, which is told at once; an admin can reinstate it', async () => {
    const { identity, client } = await person();
    const [tablet] = await linkDevices(identity, 1);
    assert.ok(tablet);
    const second = await connect({ url: server.url, identity: tablet });
    const ended = new Promise<string | undefined>((resolve) => {
      second.on('state', (state, error) => state === 'closed' && resolve(error?.code));
    });
    const startedMs = performance.now();
    await client.devices.revoke(tablet.deviceId);
    assert.equal(await ended, 'CERT_REVOKED');
    assert.ok(performance.now() - startedMs < 5000);
    await assert.rejects(connect({ url: server.url, identity: tablet }), { code: 'CERT_REVOKED' });
    const listed = await client.devices.list();
    assert.equal(listed.find(({ deviceId }) => deviceId === tablet.deviceId)?.revoked, true);

    const { accountId } = client.account;
    const path = `/api/accounts/${accountId}/devices/${tablet.deviceId}/reinstate`;
    assert.deepEqual((await server.api('POST', path)).body, { reinstated: true });
    assert.deepEqual((await server.api('POST', path)).body, { reinstated: false });
    await (await connect({ url: server.url, identity: tablet })).close();
  });

  it('an admin reinstates an account, but not devices that were revoked themselves', async () => {
    const { identity, client } = await person();
    const [tablet] = await linkDevices(identity, 1);
    assert.ok(tablet);
    await (await connect({ url: server.url, identity: tablet })).close();
    await client.devices.revoke(tablet.deviceId);
    const account = `/api/accounts/${client.account.accountId}`;
    await server.api('POST', `${account}/revoke`);
    await assert.rejects(connect({ url: server.url, identity }), { code: 'CERT_REVOKED' });
    assert.deepEqual((await server.api('POST', `${account}/reinstate`)).body, { reinstated: true });
    await (await connect({ url: server.url, identity })).close();
    await assert.rejects(connect({ url: server.url, identity: tablet }), { code: 'CERT_REVOKED' });
    const unknown = await server.api('POST', `/api/accounts/${'0'.repeat(64)}/reinstate`);
    assert.equal(unknown.status, 404);
  });

  it('threat 5: nobody revokes, names or renews another account’s devices, nor revokes the own one', async () => {
    const { identity, client } = await person();
    const mallory = await person();
    const { deviceId } = identity;
    await assert.rejects(mallory.client.devices.revoke(deviceId), { code: 'IDENTITY_UNKNOWN' });
    await assert.rejects(mallory.client.devices.rename('Mine', deviceId), { code: 'IDENTITY_UNKNOWN' });
    await assert.rejects(client.devices.revoke(deviceId), { code: 'FORBIDDEN' });
    const raw = await ProtocolClient.enter(server.url, mallory.identity);
    const certificate = mallory.identity.chain[0] ?? '';
    assert.equal(await raw.refusal('device.renew', { deviceId, certificate }), 'IDENTITY_UNKNOWN');
    raw.close();
  });

  it('a bridge has no devices to add', async () => {
    const bridge = await ProtocolClient.enter(server.url, await newIdentity(server, { role: 'bridge' }));
    assert.equal(await bridge.refusal('device.offer', { exchangeId: madeUp().exchangeId }), 'FORBIDDEN');
    bridge.close();
  });

  it('a device gets a new certificate from another one, even if that connects later', async () => {
    const { identity, client } = await person();
    const [tablet] = await linkDevices(identity, 1);
    assert.ok(tablet);
    const second = await connect({ url: server.url, identity: tablet });
    open.push(() => second.close());
    const store = memoryStore();
    const requested = new Promise<{ deviceId: string }>((resolve) =>
      client.devices.once('renewalRequested', resolve),
    );
    assert.equal(await second.devices.requestRenewal(store), false);
    assert.equal((await requested).deviceId, tablet.deviceId);
    await client.close();

    const later = await connect({ url: server.url, identity });
    open.push(() => later.close());
    const asking = (await later.devices.list()).find(({ renewal }) => renewal);
    assert.equal(asking?.deviceId, tablet.deviceId);
    const renewed = new Promise<string>((resolve) => second.devices.once('renewed', resolve));
    await later.devices.renew(asking, await keyOf(identity));
    assert.match(await renewed, /^MII/);
    assert.ok((await later.devices.list()).every(({ renewal }) => renewal === undefined));
    // A certificate whose announcement was lost is fetched by asking again.
    assert.equal(await second.devices.requestRenewal(store), true);
  });

  it('threat 1: only a certificate from the account’s key is passed on', async () => {
    const { identity } = await person();
    const [tablet] = await linkDevices(identity, 1);
    assert.ok(tablet);
    await (await connect({ url: server.url, identity: tablet })).close();
    const client = await ProtocolClient.enter(server.url, identity);
    const other = await newIdentity(server);
    for (const [certificate, code] of [
      [identity.chain[0], 'CERT_UNTRUSTED'],
      [other.chain[0], 'CERT_MALFORMED'],
      ['AAAA', 'CERT_MALFORMED'],
    ]) {
      assert.equal(await client.refusal('device.renew', { deviceId: tablet.deviceId, certificate }), code);
    }
    client.close();
  });
});
