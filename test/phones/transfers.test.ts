// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { Participant } from '../../contract/index.ts';
import type { Baresip } from '../support/baresip.ts';
import { PHONE_PASSWORD, PhoneServer } from '../support/phone-server.ts';
import { noPjsua, PjsuaPhone } from '../support/pjsua-phone.ts';
import { freePort } from '../support/programs.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { runSipp, step } from '../support/sipp.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'team';
const OTHER_ROOM = 'board';
const LOCKED_ROOM = 'locked';
const PCMU = 'PCMU/8000/1';
const HZ = { 1001: 700, 1002: 1100, 1003: 1500 } as const;
/** A number that the outgoing rules permit people in rooms. */
const OUTSIDE = '0900123';

describe('transfers by phones', () => {
  let server: PhoneServer;
  let moderator: ProtocolClient;
  let phones: Array<Baresip | PjsuaPhone>;

  before(async () => {
    server = await PhoneServer.start({ flags: ['--workers', '1'] });
    await server.addPhones('1001', '1002', '1003');
    await server.server.api('PUT', '/api/sip/trunks/provider', { uri: 'sip:127.0.0.1:9' });
    await server.setDialPlan([
      { pattern: '100', action: { type: 'room', roomId: ROOM } },
      { pattern: '300', action: { type: 'room', roomId: OTHER_ROOM } },
      { pattern: '400', action: { type: 'room', roomId: LOCKED_ROOM } },
      { pattern: '500', action: { type: 'pin' } },
      { direction: 'outgoing', pattern: '0*', action: { type: 'trunk', trunk: 'provider' } },
    ]);
  });
  after(() => server.close());
  beforeEach(async () => {
    phones = [];
    moderator = await ProtocolClient.enter(
      server.server.url,
      await newIdentity(server.server, { role: 'admin', displayName: 'Moderator' }),
    );
    await moderator.get('room.join', { roomId: ROOM });
  });
  afterEach(async () => {
    await Promise.all(phones.map((phone) => phone.stop()));
    await moderator.get('room.leave', {});
    moderator.close();
    await server.untilIdle();
  });

  async function register(username: keyof typeof HZ) {
    const phone = await server.phone(String(username), { codecs: PCMU, toneHz: HZ[username] });
    phones.push(phone);
    return phone;
  }

  async function inRoom(username: keyof typeof HZ) {
    const phone = await register(username);
    phone.command('dial', server.uri('100'));
    await phone.waitFor('CALL_ESTABLISHED');
    return { phone, participant: await joined(`Phone ${username}`) };
  }

  async function joined(name: string): Promise<Participant> {
    const { participant } = await moderator.event(
      'participant.joined',
      ({ participant: { displayName } }) => displayName === name,
    );
    return participant;
  }

  const left = (participantId: string) =>
    moderator.event('participant.left', (event) => event.participantId === participantId);

  const shown = (participantId: string, callState: Participant['callState']) =>
    moderator.event(
      'participant.updated',
      ({ participant }) => participant.participantId === participantId && participant.callState === callState,
    );

  /** The call that began first of the last `count`, once it is as expected. */
  const call = (count: number, isRight: (call: Record<string, unknown>) => boolean) =>
    eventually(
      'the history shows the transfer',
      async () => (await server.calls())[count - 1] as unknown as Record<string, unknown>,
      (found) => found !== undefined && isRight(found),
    );

  const transfers = async (kind: string, result: string) =>
    (await server.server.metrics()).get(`canopy_sip_transfers_total{kind="${kind}",result="${result}"}`) ?? 0;

  it('a phone on hold transfers its place to another phone: that rings, answers and is heard, and the first one leaves', async () => {
    const { phone: first, participant } = await inRoom(1001);
    const { phone: third } = await inRoom(1003);
    const second = await register(1002);
    first.command('hold');
    await shown(participant.participantId, 'held');
    first.command('transfer', server.uri('1002'));
    const { participantId } = await joined('Phone 1002');
    await second.waitFor('CALL_INCOMING');
    second.command('accept');
    await shown(participantId, 'answered');
    await left(participant.participantId);
    await first.waitFor('CALL_CLOSED');
    await Promise.all([second.hears(HZ[1003]), third.hears(HZ[1002])]);
    const ended = await call(3, ({ endCause }) => endCause !== null);
    assert.equal(ended.endCause, 'transferred');
    assert.deepEqual(ended.transfer, { target: '1002', sipStatus: 200 });
    assert.equal(await transfers('blind', 'succeeded'), 1);
  });

  it('a phone that is removed from the room while its transfer rings puts nobody there', async () => {
    const { phone: first, participant } = await inRoom(1001);
    const second = await register(1002);
    first.command('transfer', server.uri('1002'));
    const { participantId } = await joined('Phone 1002');
    await second.waitFor('CALL_INCOMING');
    await moderator.get('participant.kick', { participantId: participant.participantId });
    await left(participantId);
    await Promise.all([first.waitFor('CALL_CLOSED'), second.waitFor('CALL_CLOSED')]);
  });

  it('a call or transfer to the GRUU of one of two phones of a user rings that phone only', async () => {
    const { phone: first, participant } = await inRoom(1001);
    const [second, other] = [await register(1002), await register(1002)];
    const instance = /\+sip\.instance="<(urn:uuid:[^>]+)>"/.exec(second.output)?.[1];
    assert.ok(instance, second.output);
    const gruu = `sip:1002@127.0.0.1:${server.sipPort};gr=${instance}`;
    await moderator.get('call.dial', { target: gruu });
    const called = await joined('Phone 1002');
    await second.waitFor('CALL_INCOMING');
    await moderator.get('participant.kick', { participantId: called.participantId });
    await second.waitFor('CALL_CLOSED');
    // baresip puts the URI into Refer-To as it is: without brackets, its parameters would be those of the header field.
    first.command('transfer', `<${gruu}>`);
    const {
      participant: { participantId },
    } = await moderator.event(
      'participant.joined',
      ({ participant: { displayName, participantId: id } }) =>
        displayName === 'Phone 1002' && id !== called.participantId,
    );
    await second.waitFor('CALL_INCOMING');
    second.command('accept');
    await shown(participantId, 'answered');
    await left(participant.participantId);
    assert.doesNotMatch(other.output, /^INVITE /m);
  });

  it('a phone that transfers to the number of a room goes there itself, and keeps its call', async () => {
    const { phone, participant } = await inRoom(1001);
    phone.command('transfer', server.uri('300'));
    await left(participant.participantId);
    const going = await call(1, ({ roomId }) => roomId === OTHER_ROOM);
    assert.equal(going.endedAtMs, null);
    assert.equal(await transfers('room', 'succeeded'), 1);
    phone.command('hangup');
    await phone.waitFor('CALL_CLOSED');
  });

  it('a call that the callee forwards (302) goes on to where that one may forward it', async () => {
    const provider = await runSipp([
      step.expectRequest('INVITE'),
      step.response('302 Moved Temporarily', {
        tag: 'moved',
        headers: ['Contact: <sip:1002@elsewhere.example>'],
      }),
      step.expectRequest('ACK'),
    ]);
    await server.server.api('PUT', '/api/sip/trunks/provider', {
      uri: `sip:127.0.0.1:${provider.port}`,
      transfers: 'internal',
    });
    const phone = await register(1002);
    await moderator.get('call.dial', { target: OUTSIDE });
    const { participantId } = await joined(OUTSIDE);
    await phone.waitFor('CALL_INCOMING');
    phone.command('accept');
    await shown(participantId, 'answered');
    const { code, log } = await provider.finished;
    assert.equal(code, 0, log);
    const going = await call(1, ({ answeredAtMs }) => answeredAtMs !== null);
    assert.deepEqual(going.transfer, { target: '1002', sipStatus: 200 });
    assert.equal(going.trunk, null);
    phone.command('hangup');
    await left(participantId);
    await server.server.api('PUT', '/api/sip/trunks/provider', { uri: 'sip:127.0.0.1:9', transfers: 'off' });
  });

  describe('with PJSIP', { skip: noPjsua }, () => {
    async function pjsua(username: string, toneHz: number) {
      const port = await freePort();
      const phone = await PjsuaPhone.start({
        username,
        password: PHONE_PASSWORD,
        server: `127.0.0.1:${server.sipPort}`,
        address: '127.0.0.1',
        port,
        toneHz,
        codecs: [PCMU],
      });
      phones.push(phone);
      return { phone, uri: `sip:${username}@127.0.0.1:${port}` };
    }

    async function pjsuaInRoom() {
      const { phone } = await pjsua('1001', HZ[1001]);
      await phone.call('100');
      return { phone, participantId: (await joined('Phone 1001')).participantId };
    }

    it('threat 19: no transfer leads outside unless the phone may, to a number that does not exist or asks for a PIN, or into a locked room', async () => {
      const { phone, participantId } = await pjsuaInRoom();
      for (const [number, status] of [
        [OUTSIDE, 403],
        ['12', 404],
        ['500', 403],
        ['100', 603],
      ] as const) {
        phone.transfer(number);
        assert.equal(await phone.transferred(), status, number);
      }
      await moderator.get('room.create', { roomId: LOCKED_ROOM });
      await moderator.get('room.configure', { roomId: LOCKED_ROOM, locked: true });
      phone.transfer('400');
      assert.equal(await phone.transferred(), 403, 'the other room is locked');
      await register(1002);
      await moderator.get('room.configure', { roomId: ROOM, locked: true });
      // PJSIP refuses the NOTIFYs of a second transfer that comes soon, so look at the history instead.
      phone.transfer('1002');
      await call(2, ({ transfer }) => (transfer as { sipStatus?: number })?.sipStatus === 403);
      await moderator.get('room.configure', { roomId: ROOM, locked: false });
      const active = (await server.calls()).filter(({ endedAtMs }) => endedAtMs === null);
      assert.deepEqual(
        active.map(({ roomId }) => roomId),
        [ROOM],
      );
      await server.server.api('PUT', '/api/sip/phones/1001', {
        displayName: 'Phone 1001',
        password: PHONE_PASSWORD,
        transfers: 'outgoing',
      });
      phone.transfer(OUTSIDE);
      await joined(OUTSIDE);
      await moderator.get('participant.kick', { participantId });
      await phone.isIn('DISCONNECTED');
      await server.addPhones('1001');
    });

    it('if the other phone declines, the phone that wanted to transfer stays in the room', async () => {
      const { phone, participantId } = await pjsuaInRoom();
      const second = await register(1002);
      phone.transfer('1002');
      const { participantId: other } = await joined('Phone 1002');
      await second.waitFor('CALL_INCOMING');
      second.command('hangup');
      assert.equal(await phone.transferred(), 486);
      await left(other);
      const going = await call(2, ({ transfer }) => (transfer as { sipStatus?: number })?.sipStatus === 486);
      assert.equal(going.endedAtMs, null);
      await moderator.get('participant.kick', { participantId });
      await phone.isIn('DISCONNECTED');
    });

    it('an attended transfer: the phone that was asked first takes the place in the room, and is heard', async () => {
      const { phone: third } = await inRoom(1003);
      const { phone: first } = await pjsua('1001', HZ[1001]);
      const { phone: second, uri } = await pjsua('1002', HZ[1002]);
      await first.call('100');
      const { participantId } = await joined('Phone 1001');
      await first.hold(true);
      await first.call(uri);
      first.join(0, 1);
      await joined('Phone 1002');
      assert.equal(await first.transferred(), 200);
      await left(participantId);
      await Promise.all([second.hears(HZ[1003]), third.hears(HZ[1002])]);
      assert.equal(await transfers('attended', 'succeeded'), 1);
    });

    it('an attended transfer the other way: another phone of the account takes over the seat, which stays', async () => {
      const { phone: third } = await inRoom(1003);
      const { phone: first } = await pjsua('1001', HZ[1001]);
      const { phone: second, uri } = await pjsua('1001', HZ[1002]);
      await first.call('100');
      const { participantId } = await joined('Phone 1001');
      await first.hold(true);
      await shown(participantId, 'held');
      await first.call(uri);
      first.join(1, 0);
      await shown(participantId, 'answered');
      await Promise.all([second.hears(HZ[1003]), third.hears(HZ[1002])]);
      const [now, before] = await server.calls();
      assert.deepEqual([now?.endCause, before?.endCause], [null, 'transferred']);
      assert.equal(await transfers('replaced', 'succeeded'), 1);
    });
  });
});
