// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { PHONE_PASSWORD, PhoneServer } from '../support/phone-server.ts';
import { g711Offer, SipPeer, tagOf } from '../support/sip-peer.ts';
import { eventually } from '../support/wait.ts';

const TRUNK = '127.0.0.5';
const PHONE = '127.0.0.20';
const VICTIM = '127.0.0.99';
const PIN = '471100';

describe('the SIP edge of a server', () => {
  let server: PhoneServer;
  const open: Array<{ close(): void }> = [];

  before(async () => {
    server = await PhoneServer.start({ flags: ['--workers', '1'] });
    await server.addPhones('1001', '1002');
    await server.server.api('PUT', '/api/sip/trunks/office', { uri: `sip:${TRUNK}`, addresses: [TRUNK] });
    await server.setDialPlan([
      { pattern: '100', action: { type: 'room', roomId: 'team' } },
      { pattern: '200', action: { type: 'pin' } },
    ]);
    await server.server.api('PUT', '/api/rooms/team/pin', { pin: PIN });
  });
  afterEach(() => {
    for (const each of open.splice(0)) {
      each.close();
    }
  });
  after(async () => {
    await server.untilIdle();
    await server.close();
  });

  async function peerAt(address: string): Promise<SipPeer> {
    const peer = await SipPeer.open(address, server.sipPort);
    open.push(peer);
    return peer;
  }

  /** A socket to aim media at. */
  async function mediaAt(address: string): Promise<{ socket: Socket; port: number; packets: () => number }> {
    const socket = createSocket('udp4');
    open.push(socket);
    let packets = 0;
    socket.on('message', () => packets++);
    socket.bind(0, address);
    await once(socket, 'listening');
    return { socket, port: socket.address().port, packets: () => packets };
  }

  /** A call from 1001 or 1002 to the PIN prompt, answered or refused. */
  async function callPrompt(phone: SipPeer, username: string, callId: string) {
    const media = await mediaAt(PHONE);
    const answer = await phone.login('INVITE', username, PHONE_PASSWORD, {
      callId,
      user: '200',
      sdp: g711Offer(PHONE, media.port),
    });
    const dialog = { callId, from: username, user: '200', toTag: tagOf(answer) };
    phone.send(phone.request('ACK', { ...dialog, cseq: 2 }));
    let cseq = 3;
    const ask = (method: string, key?: string) =>
      phone.ask(method, { ...dialog, cseq: cseq++, ...(key !== undefined && { key }) });
    const press = async (keys: string) => {
      await eventually('it is asked for the PIN', () => media.packets() > 0);
      for (const key of keys) {
        assert.match(await ask('INFO', key), /^SIP\/2\.0 200/);
      }
    };
    return { status: Number(answer.slice(8, 11)), answer, press, hangUp: () => ask('BYE') };
  }

  for (const [what, number] of [
    ['a room', '100'],
    ['the PIN prompt', '200'],
  ] as const) {
    it(`threat 52: a forged INVITE from a trunk over UDP sends no audio of ${what} to a victim; only the ACK starts it`, async () => {
      const [caller, victim] = [await peerAt(TRUNK), await mediaAt(VICTIM)];
      const callId = `forged-${number}`;
      caller.send(caller.request('INVITE', { callId, user: number, sdp: g711Offer(VICTIM, victim.port) }));
      const toTag = tagOf(await caller.final(callId));
      // The audio of a served call arrives within a fraction of this.
      await delay(1500);
      assert.equal(victim.packets(), 0);
      caller.send(caller.request('ACK', { callId, user: number, toTag }));
      await eventually('sound comes', () => victim.packets() > 10);
      assert.match(await caller.ask('BYE', { callId, user: number, toTag, cseq: 2 }), /^SIP\/2\.0 200/);
    });
  }

  it('threat 52: an authenticated phone hears the room at once, before its ACK', async () => {
    const [phone, media] = [await peerAt(PHONE), await mediaAt(PHONE)];
    const callId = 'logged-in';
    const answer = await phone.login('INVITE', '1001', PHONE_PASSWORD, {
      callId,
      sdp: g711Offer(PHONE, media.port),
    });
    assert.match(answer, /^SIP\/2\.0 200/);
    await eventually('sound comes', () => media.packets() > 10);
    phone.send(phone.request('ACK', { callId, from: '1001', toTag: tagOf(answer), cseq: 2 }));
    await phone.ask('BYE', { callId, from: '1001', toTag: tagOf(answer), cseq: 3 });
  });

  it('threat 58: a phone that tries PINs over many calls is refused after ten, even with the right one, but other phones are not', async () => {
    const phone = await peerAt(PHONE);
    for (let call = 0; call < 3; call++) {
      const { status, press, hangUp } = await callPrompt(phone, '1001', `guess-${call}`);
      assert.equal(status, 200);
      for (let guess = 0; guess < 3; guess++) {
        await press(`9${call}${guess}999#`);
      }
      await hangUp();
    }
    const two = [
      await callPrompt(phone, '1001', 'last-a'),
      await callPrompt(phone, '1001', 'last-b'),
    ] as const;
    await two[0].press('999999#');
    // The tenth wrong PIN came from one call, so the other one is refused too.
    await two[1].press(`${PIN}#`);
    await Promise.all(two.map(({ hangUp }) => hangUp()));
    assert.equal((await server.server.metrics()).get('canopy_sip_pin_lockouts_total'), 1);
    const refused = await callPrompt(phone, '1001', 'refused');
    assert.equal(refused.status, 403);
    const rooms = (await server.calls()).slice(0, 3).map(({ roomId }) => roomId);
    assert.deepEqual(rooms, [null, null, null], 'none of them entered a room');
    assert.match(server.server.log, /too many wrong PINs/);

    const honest = await callPrompt(phone, '1002', 'honest');
    await honest.press(`${PIN}#`);
    await eventually('it is let in', async () => (await server.server.objects()).participants === 1);
    await honest.hangUp();
  });

  it('threat 67: a phone can make four calls at once, and the fifth is refused', async () => {
    const phone = await peerAt(PHONE);
    const calls = [];
    for (let call = 0; call < 4; call++) {
      calls.push(await callPrompt(phone, '1002', `many-${call}`));
    }
    assert.deepEqual(new Set(calls.map(({ status }) => status)), new Set([200]));
    assert.match((await callPrompt(phone, '1002', 'many-more')).answer, /^SIP\/2\.0 486 Too Many Calls/);
    await Promise.all(calls.map(({ hangUp }) => hangUp()));
  });

  it('threat 55: wrong passwords and strangers’ calls are logged at the default level, and sampled if there are many', async () => {
    const stranger = await peerAt(VICTIM);
    for (let count = 0; count < 12; count++) {
      await stranger.login('REGISTER', '1001', `wrong ${count}`, { user: '1001' });
    }
    for (let count = 0; count < 12; count++) {
      await stranger.ask('INVITE', { sdp: g711Offer(VICTIM, 9) });
    }
    const lines = (text: string) =>
      server.server.log.split('\n').filter((line) => line.includes(text) && line.includes(VICTIM)).length;
    await eventually('they are logged', () => lines('call refused') > 0);
    assert.deepEqual(
      ['wrong password"', 'user locked out at this address', 'call refused'].map(lines),
      [1, 1, 1],
    );
    const metrics = await server.server.metrics();
    assert.equal(metrics.get('canopy_sip_login_lockouts_total{scope="user"}'), 1);
    assert.equal(metrics.get('canopy_sip_failed_logins_total'), 12);
  });
});
