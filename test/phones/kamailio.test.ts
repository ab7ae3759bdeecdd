// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { z } from 'zod';
import type { TrunkRegistration } from '../../contract/index.ts';
import type { trunkList } from '../../signaling/index.ts';
import { Baresip } from '../support/baresip.ts';
import { Kamailio } from '../support/kamailio.ts';
import { PhoneServer } from '../support/phone-server.ts';
import { installed } from '../support/programs.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'team';
const OFFICE_HZ = 700;
const ROOM_HZ = 1100;
const usable = (await installed('kamailio')) && (await installed('baresip'));

describe('phones behind Kamailio as a company’s PBX', {
  skip: usable ? false : 'kamailio or baresip is not installed',
}, () => {
  let server: PhoneServer;
  let pbx: Kamailio;
  let moderator: ProtocolClient;
  /** Represents the room: registered at the gateway's own registrar, it hears what the room hears, and sends the room's tone. */
  let ear: Baresip;
  /** Registered at the PBX. */
  let office: Baresip | undefined;

  before(async () => {
    server = await PhoneServer.start({ flags: ['--workers', '1'] });
    pbx = await Kamailio.start([{ prefix: '6', port: server.sipPort }]);
    await server.addPhones('1001');
    await server.server.api('PUT', '/api/sip/trunks/office', {
      uri: `sip:127.0.0.1:${pbx.port}`,
      addresses: ['127.0.0.1'],
      username: 'canopy',
      password: 'secret',
      realm: 'pbx.test',
      register: true,
    });
    await server.server.api('PUT', '/api/sip/trunks/modern', { uri: 'sip:127.0.0.1:9' });
    await server.setDialPlan([
      { pattern: '600', action: { type: 'room', roomId: ROOM } },
      { pattern: 'canopy', action: { type: 'room', roomId: ROOM } },
      { pattern: '100', action: { type: 'room', roomId: ROOM } },
      { direction: 'outgoing', pattern: '9*', action: { type: 'trunk', trunk: 'office', stripDigits: 1 } },
      { direction: 'outgoing', pattern: '8*', action: { type: 'trunk', trunk: 'modern', stripDigits: 1 } },
    ]);
  });
  after(async () => {
    await server.close();
    await pbx?.stop();
  });

  beforeEach(async () => {
    moderator = await ProtocolClient.enter(
      server.server.url,
      await newIdentity(server.server, { role: 'member', displayName: 'Moderator' }),
    );
    await moderator.get('room.join', { roomId: ROOM });
    ear = await server.phone('1001', { codecs: 'opus/48000/2', toneHz: ROOM_HZ });
    ear.command('dial', server.uri('100'));
    await ear.waitFor('CALL_ESTABLISHED');
  });
  afterEach(async () => {
    await Promise.all([ear.stop(), office?.stop()]);
    office = undefined;
    await moderator.get('room.leave', {});
    moderator.close();
    await server.untilIdle();
  });

  async function register(): Promise<Baresip> {
    const phone = await Baresip.start(
      `"Front desk" <sip:2001@127.0.0.1:${pbx.port}>;auth_user=2001;auth_pass=secret;regint=60;audio_codecs=PCMU/8000/1`,
      { record: true, toneHz: OFFICE_HZ },
    );
    await phone.registered();
    return phone;
  }

  /** Waits until the API shows a trunk in this state. */
  async function registrationOf(name: string, state: TrunkRegistration['state']) {
    const shown = await eventually(
      `the trunk ${name} is ${state}`,
      async () => {
        const { trunks } = await server.server.api<z.infer<typeof trunkList>>('GET', '/api/sip/trunks');
        return trunks.find((trunk) => trunk.name === name)?.registration;
      },
      (registration) => registration?.state === state,
    );
    return shown;
  }

  async function lastCall() {
    return eventually(
      'the history knows the end',
      async () => (await server.calls()).find(({ endedAtMs }) => endedAtMs !== null),
      (call) => call !== undefined,
    );
  }

  it('one dials in after a challenge by the PBX, is shown by name, exchanges audio with the room, and leaves the roster', async (t) => {
    office = await register();
    office.command('dial', `sip:600@127.0.0.1:${pbx.port}`);
    await office.waitFor('CALL_ESTABLISHED');
    const { participant } = await moderator.event(
      'participant.joined',
      ({ participant: { displayName } }) => displayName === 'Front desk',
    );
    const [inRoom, atPhone] = await Promise.all([ear.hears(OFFICE_HZ), office.hears(ROOM_HZ)]);
    t.diagnostic(`in the room ${JSON.stringify(inRoom)}, at the phone ${JSON.stringify(atPhone)}`);
    office.command('hangup');
    await office.waitFor('CALL_CLOSED');
    await moderator.event(
      'participant.left',
      ({ participantId }) => participantId === participant.participantId,
    );
    const call = await lastCall();
    assert.equal(call?.codec, 'PCMU');
    assert.equal(call.trunk, 'office');
    assert.equal(call.endCause, 'remote');
  });

  it('the gateway registers at the PBX with digest authentication, and can be called there', async () => {
    const registration = await registrationOf('office', 'registered');
    assert.ok((registration?.expiresAtMs ?? 0) > Date.now(), JSON.stringify(registration));
    office = await register();
    office.command('dial', `sip:canopy@127.0.0.1:${pbx.port}`);
    await office.waitFor('CALL_ESTABLISHED');
    await Promise.all([ear.hears(OFFICE_HZ), office.hears(ROOM_HZ)]);
    office.command('hangup');
    await office.waitFor('CALL_CLOSED');
  });

  it('the room dials one through the trunk, the PBX’s challenge is answered, and both hear each other', async (t) => {
    office = await register();
    await moderator.get('call.dial', { target: '92001', displayName: 'Front desk' });
    await office.waitFor('CALL_INCOMING');
    office.command('accept');
    await office.waitFor('CALL_ESTABLISHED');
    const [inRoom, atPhone] = await Promise.all([ear.hears(OFFICE_HZ), office.hears(ROOM_HZ)]);
    t.diagnostic(`in the room ${JSON.stringify(inRoom)}, at the phone ${JSON.stringify(atPhone)}`);
    const { participant } = await moderator.event(
      'participant.joined',
      ({ participant: { displayName } }) => displayName === 'Front desk',
    );
    await moderator.get('participant.kick', { participantId: participant.participantId });
    await office.waitFor('CALL_CLOSED');
    const call = await lastCall();
    assert.equal(call?.direction, 'outgoing');
    assert.equal(call.trunk, 'office');
    assert.equal(call.endCause, 'kicked');
  });

  it('a PBX’s SHA-256 challenges for REGISTER and INVITE are answered, and a wrong password is refused', async () => {
    const modern = await Kamailio.start([], { algorithm: 'SHA-256' });
    const trunk = (password: string) =>
      server.server.api('PUT', '/api/sip/trunks/modern', {
        uri: `sip:127.0.0.1:${modern.port}`,
        username: 'canopy',
        password,
        realm: 'pbx.test',
        register: true,
      });
    const dialled = async () => {
      const { callId } = await moderator.get('call.dial', { target: '8123' });
      const { error } = await moderator.event('call.failed', (failed) => failed.callId === callId);
      return error.detail;
    };
    try {
      await trunk('wrong');
      const refused = await registrationOf('modern', 'failed');
      assert.equal(refused?.expiresAtMs, null);
      assert.equal(refused.lastFailure?.sipStatus, 401);
      assert.ok((refused.lastFailure?.atMs ?? 0) <= Date.now());
      const metrics = await server.server.metrics();
      assert.equal(metrics.get('canopy_sip_trunk_registrations{state="registered"}'), 1);
      assert.equal(metrics.get('canopy_sip_trunk_registrations{state="failed"}'), 1);
      assert.match((await dialled()) ?? '', /^407 /);
      await trunk('secret');
      await registrationOf('modern', 'registered');
      // Nobody has this number; without valid credentials the PBX would not say so.
      assert.match((await dialled()) ?? '', /^404 /);
    } finally {
      await server.server.api('PUT', '/api/sip/trunks/modern', { uri: 'sip:127.0.0.1:9' });
      await modern.stop();
    }
  });

  it('a call to a number unknown to the PBX fails with the PBX’s response', async () => {
    office = await register();
    const { callId } = await moderator.get('call.dial', { target: '92999' });
    const { error } = await moderator.event('call.failed', (failed) => failed.callId === callId);
    assert.match(error.detail ?? '', /^404 /);
  });
});
