import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { UdpRelay } from '../bench/index.ts';
import { TestBrowser } from './support/browser.ts';
import { Coturn } from './support/coturn.ts';
import { untilBaseline } from './support/gauges.ts';
import { Person } from './support/person.ts';
import { newIdentity, ProtocolClient } from './support/protocol-client.ts';
import { TestServer } from './support/server.ts';

const SECRET = randomBytes(24).toString('hex');
const TONE_HZ = 600;
/** The announced media address, which only coturn can reach. */
const MEDIA = '127.0.0.2';

describe('TURN, for people whose network blocks everything else', () => {
  let coturn: Coturn;
  let browser: TestBrowser;

  before(async () => {
    coturn = await Coturn.start({ secret: SECRET, peer: MEDIA });
    browser = await TestBrowser.launch({
      toneHz: TONE_HZ,
      flags: [`--ignore-certificate-errors-spki-list=${coturn.publicKeyHash}`],
    });
  });
  after(async () => {
    await browser.close();
    await coturn.stop();
  });

  const serverFor = (url: string) =>
    TestServer.start({
      flags: ['--workers', '1', '--announce', MEDIA],
      env: { CANOPY_TURN_URLS: url, CANOPY_TURN_SECRET: SECRET },
    });

  for (const [how, url] of [
    ['UDP', () => `turn:127.0.0.1:${coturn.port}`],
    ['TLS', () => `turns:127.0.0.1:${coturn.tlsPort}?transport=tcp`],
  ] as const) {
    it(`over ${how}: two browsers see and hear each other, and all media is relayed`, async (t) => {
      const server = await serverFor(url());
      t.after(() => server.close());
      const port = (await server.metrics()).get('canopy_worker_rtc_port{worker="0"}');
      assert.ok(port);
      const relay = await UdpRelay.create({
        listen: { address: MEDIA, port },
        upstream: { address: '127.0.0.1', port },
      });
      t.after(() => relay.close());
      relay.filter = (_packet, _towards, client) => coturn.isRelayed(client);
      const ann = await Person.invited(browser, server, 'Ann');
      const bob = await Person.invited(browser, server, 'Bob');
      await Promise.all([ann.sees('Bob'), bob.sees('Ann')]);
      await ann.hears('Bob', TONE_HZ);
      const used = relay.counters.filter(({ up }) => up.deliveredPackets > 0);
      assert.ok(used.length >= 4 && used.every(({ client }) => coturn.isRelayed(client)));
      for (const person of [ann, bob]) {
        await person.leave();
      }
      await untilBaseline(server);
      assert.deepEqual(browser.problems, []);
    });
  }

  it('credentials are valid only for their peer and lifetime, and only towards the media workers', async (t) => {
    const server = await serverFor(`turn:127.0.0.1:${coturn.port}`);
    t.after(() => server.close());
    const given = await Promise.all(
      ['Ann', 'Bob'].map(async (displayName) => {
        const client = await ProtocolClient.enter(server.url, await newIdentity(server, { displayName }));
        const { iceServers, peerId } = await client.get('room.join', { roomId: 'team' });
        t.after(() => client.close());
        const [turn, ...others] = iceServers;
        assert.deepEqual(others, []);
        assert.ok(turn?.username?.endsWith(`:${peerId}`));
        return turn;
      }),
    );
    const [ann, bob] = given;
    assert.ok(ann && bob);
    assert.notEqual(ann.credential, bob.credential);
    assert.ok(!server.log.includes(SECRET) && !server.log.includes(ann.credential ?? ''));
    assert.equal(await coturn.tryOut(ann, MEDIA), 'relays');
    for (const peer of ['127.0.0.1', '127.0.0.3']) {
      assert.equal(await coturn.tryOut(ann, peer), 'forbidden peer');
    }
    const expired = `${Math.floor(Date.now() / 1000) - 1}:ann`;
    const sign = (username: string, secret: string) => ({
      username,
      credential: createHmac('sha1', secret).update(username).digest('base64'),
    });
    for (const wrong of [
      sign(expired, SECRET),
      sign(ann.username ?? '', 'another secret'),
      { ...ann, credential: bob.credential },
      { ...ann, username: ann.username?.replace(/^\d/, '9') },
    ]) {
      assert.equal(await coturn.tryOut(wrong, MEDIA), 'refused', wrong.username);
    }
  });
});
