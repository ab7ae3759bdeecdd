import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { UdpRelay } from '../../bench/index.ts';
import { FirefoxBrowser, type FirefoxPage } from '../support/firefox.ts';
import { ownAddress } from '../support/large-scene.ts';
import { freePort } from '../support/programs.ts';
import { TestServer } from '../support/server.ts';
import { type CallMember, EncryptedCall } from './encrypted-call.ts';

const address = ownAddress();

describe('media that is encrypted end to end, between Chromium and Firefox', {
  skip: !address && 'Firefox needs an address that is not loopback',
}, () => {
  let server: TestServer;
  let relay: UdpRelay;
  let firefox: FirefoxBrowser;
  let call: EncryptedCall;
  let ada: CallMember;
  let finn: CallMember<FirefoxPage>;

  before(async () => {
    const pagePort = await freePort();
    server = await TestServer.start({
      flags: ['--workers', '1'],
      env: { CANOPY_SERVER_ORIGINS: `http://localhost:${pagePort}` },
    });
    const port = (await server.metrics()).get('canopy_worker_rtc_port{worker="0"}');
    assert.ok(port && address);
    relay = await UdpRelay.create({ listen: { address, port: 0 }, upstream: { address: '127.0.0.1', port } });
    firefox = await FirefoxBrowser.launch(relay.address);
    call = await EncryptedCall.open(server, 440);
    ada = await call.person('Ada');
    finn = await call.personInFirefox(firefox, pagePort, 'Finn');
    for (const member of [ada, finn]) {
      await member.enter({ roomId: 'encrypted', way: 'encrypted' });
    }
    const keys = {
      epoch: 1,
      video: randomBytes(16).toString('hex'),
      audio: randomBytes(48).toString('hex'),
      members: [ada.participantId, finn.participantId],
    };
    await Promise.all([ada.setEpoch(keys), finn.setEpoch(keys)]);
  });

  after(async () => {
    await call?.close();
    await firefox?.close();
    relay?.close();
    await server?.close();
  });

  for (const codec of ['vp9', 'vp8'] as const) {
    it(`is decrypted in Firefox when Chromium sends ${codec}`, async () => {
      await ada.send('camera', codec);
      await finn.sees('camera', 20);
      await ada.stop('camera');
    });
  }

  it('is decrypted in Chromium when Firefox sends', async () => {
    await finn.send('camera');
    await ada.sees('camera', 20);
    assert.equal(await ada.codecOf('camera'), 'video/VP8');
  });

  it('is heard in both', async () => {
    await Promise.all([ada.send('microphone'), finn.send('microphone')]);
    for (const member of [ada, finn]) {
      const { refused } = await member.receives('microphone', 'is decrypted', ({ passed }) => passed > 50);
      assert.equal(refused.forged ?? 0, 0);
    }
  });

  it('gets its keys in both by the group of an encrypted room', async () => {
    await server.api('POST', '/api/rooms', { roomId: 'group', encryption: 'required' });
    for (const member of [ada, finn]) {
      await member.leave();
      await member.enter({ roomId: 'group', way: 'encrypted' });
      await member.send('camera');
    }
    await Promise.all([ada.sees('camera', 20), finn.sees('camera', 20)]);
    assert.deepEqual(await finn.encryption(), { state: 'ready', members: 2, alarms: [] });
  });
});
