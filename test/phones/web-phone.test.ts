import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { TestBrowser } from '../support/browser.ts';
import { BrowserPhone } from '../support/browser-phone.ts';
import { PHONE_PASSWORD, PhoneServer } from '../support/phone-server.ts';
import { freePort } from '../support/programs.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { TonePerson } from '../support/tone-person.ts';

const PHONE_HZ = 1000;
const PERSON_HZ = 500;
const ROOM = 'team';
/** Longest gap in the sound, in milliseconds: five times the goal. */
const GAP_MS = 200;

describe('a phone in a browser, over WebSocket (RFC 7118)', () => {
  let server: PhoneServer;
  let browser: TestBrowser;
  let person: TonePerson;
  let wsPort: number;
  const phones: BrowserPhone[] = [];

  before(async () => {
    wsPort = await freePort();
    server = await PhoneServer.start({ env: { CANOPY_SIP_WS_PORT: `${wsPort}` } });
    await server.addPhone('1001', { keying: 'dtls', ice: 'offer' });
    await server.setDialPlan([{ pattern: '100', action: { type: 'room', roomId: ROOM } }]);
    browser = await TestBrowser.launch({ toneHz: PHONE_HZ });
    person = await TonePerson.enter(server.server, ROOM, PERSON_HZ);
  });
  afterEach(async () => {
    await Promise.all(phones.splice(0).map((phone) => phone.close()));
  });
  after(async () => {
    await person.leave();
    await browser.close();
    await server.finish();
  });

  async function open(codec?: string): Promise<BrowserPhone> {
    const phone = await BrowserPhone.open(browser, {
      uri: 'sip:1001@127.0.0.1',
      password: PHONE_PASSWORD,
      server: `wss://127.0.0.1:${wsPort}/sip`,
      codec,
    });
    phones.push(phone);
    return phone;
  }

  /** Both hear each other, without gaps. */
  async function talk(phone: BrowserPhone): Promise<object> {
    const [heardByPhone, heardInRoom] = await Promise.all([
      phone.hears(PERSON_HZ),
      person.hears(PHONE_HZ, PhoneServer.voiceLevelDb),
    ]);
    for (const { gapMs } of [heardByPhone, heardInRoom]) {
      assert.ok(gapMs <= GAP_MS, `a gap of ${gapMs} ms`);
    }
    return { heardByPhone, heardInRoom };
  }

  for (const codec of ['opus', 'PCMU', 'G722']) {
    it(`it calls a room with ${codec}, ICE and DTLS-SRTP, and both hear each other`, async (t) => {
      const phone = await open(codec);
      await phone.call('sip:100@127.0.0.1');
      t.diagnostic(JSON.stringify(await talk(phone)));
      const [call] = await server.calls();
      assert.deepEqual([call?.codec, call?.encryption], [codec, 'dtls']);
      await phone.hangUp();
      await phone.isIn('ended');
    });
  }

  it('its keys are telephone-events, and it holds and resumes its call', async () => {
    const watcher = await ProtocolClient.enter(server.server.url, await newIdentity(server.server));
    await watcher.get('room.join', { roomId: ROOM });
    const phone = await open();
    await phone.call('sip:100@127.0.0.1');
    await watcher.event('producer.added');
    await phone.press('*6');
    await watcher.event('producer.paused');
    await phone.press('*6');
    await watcher.event('producer.resumed');
    await phone.hold(true);
    await watcher.event('participant.updated', ({ participant: { callState } }) => callState === 'held');
    await phone.hold(false);
    await talk(phone);
    await phone.hangUp();
    await watcher.event('participant.left');
    watcher.close();
  });

  it('it is called from a room, and both hear each other', async (t) => {
    const phone = await open();
    await server.server.api('POST', '/api/sip/calls', { roomId: ROOM, target: '1001' });
    await phone.isIn('established');
    t.diagnostic(JSON.stringify(await talk(phone)));
    const [call] = await server.calls();
    assert.deepEqual([call?.codec, call?.encryption], ['opus', 'dtls']);
    await server.server.api('DELETE', `/api/sip/calls/${call?.callId}`);
    assert.equal(await phone.isIn('ended'), 'Terminated');
  });
});
