// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { Participant } from '../../contract/index.ts';
import type { Baresip } from '../support/baresip.ts';
import { dominantTone } from '../support/heard-tone.ts';
import { PhoneServer } from '../support/phone-server.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'team';
const PIN = '471100';
const FIRST_HZ = 700;
const SECOND_HZ = 1100;
const PCMU = 'PCMU/8000/1';

describe('phone calls', () => {
  let server: PhoneServer;
  /** A moderator in the room. */
  let moderator: ProtocolClient;
  let latestCall: Awaited<ReturnType<PhoneServer['callsFromNow']>>;
  let phones: Baresip[];

  before(async () => {
    server = await PhoneServer.start({ flags: ['--workers', '1'] });
    await server.addPhones('1001', '1002', '1003');
    await server.setDialPlan([
      { pattern: '100', action: { type: 'room', roomId: ROOM } },
      { pattern: '200', action: { type: 'pin' } },
      { pattern: '666', action: { type: 'reject', status: 603 } },
    ]);
    await server.server.api('PUT', `/api/rooms/${ROOM}/pin`, { pin: PIN });
  });
  after(() => server.close());
  beforeEach(async () => {
    phones = [];
    moderator = await ProtocolClient.enter(
      server.server.url,
      await newIdentity(server.server, { role: 'member', displayName: 'Moderator' }),
    );
    await moderator.get('room.join', { roomId: ROOM });
    latestCall = await server.callsFromNow();
  });
  afterEach(async () => {
    await Promise.all(phones.map((phone) => phone.stop()));
    await moderator.get('room.leave', {});
    moderator.close();
    await server.untilIdle();
  });

  async function register(username: string, options: Partial<Parameters<PhoneServer['phone']>[1]> = {}) {
    const phone = await server.phone(username, { codecs: PCMU, ...options });
    phones.push(phone);
    return phone;
  }

  async function callRoom(username: string, options: Partial<Parameters<PhoneServer['phone']>[1]> = {}) {
    const phone = await register(username, options);
    phone.command('dial', server.uri('100', options.protocol));
    await phone.waitFor('CALL_ESTABLISHED');
    const participant = await joined(username);
    return { phone, participant };
  }

  async function joined(username: string): Promise<Participant> {
    const { participant } = await moderator.event(
      'participant.joined',
      ({ participant: { displayName } }) => displayName === `Phone ${username}` || displayName === username,
    );
    return participant;
  }

  async function shown(participantId: string, callState: Participant['callState']): Promise<void> {
    await moderator.event(
      'participant.updated',
      ({ participant }) => participant.participantId === participantId && participant.callState === callState,
    );
  }

  /** The test's last call, once it has ended. */
  const ended = () => latestCall(({ endCause }) => endCause !== null);

  it('who comes and goes is announced to phones by a tone, if the room is set so', async () => {
    const { phone } = await callRoom('1001');
    await eventually(
      'the greeting is over',
      async () => {
        const { samples, rateHz } = await phone.recording();
        const loud = samples.findLastIndex((sample) => Math.abs(sample) > 100);
        return loud > 0 && samples.length - loud > rateHz / 2;
      },
      (isOver) => isOver,
    );
    await server.server.api('PATCH', `/api/rooms/${ROOM}/settings`, { phoneAnnouncements: 'tone' });
    await moderator.event('room.changed', ({ room }) => room.phoneAnnouncements === 'tone');
    /** Waits for a tone of a tenth of a second. */
    const announced = async (frequencyHz: number) => {
      const { samples: before } = await phone.recording();
      await eventually(
        `${frequencyHz} Hz are heard`,
        async () => {
          const { samples, rateHz } = await phone.recording();
          const fresh = Float64Array.from(samples.subarray(before.length));
          const frames = Array.from({ length: Math.floor(fresh.length / (rateHz / 20)) }, (_, i) =>
            fresh.subarray((i * rateHz) / 20, (i * rateHz) / 20 + rateHz / 10),
          );
          return frames
            .filter(({ length }) => length === rateHz / 10)
            .some((frame) => {
              const tone = dominantTone(frame, rateHz);
              return Math.abs(tone.frequencyHz - frequencyHz) < 15 && tone.levelDb > -30;
            });
        },
        (isHeard) => isHeard,
      );
    };
    const newcomer = await ProtocolClient.enter(server.server.url, await newIdentity(server.server));
    const coming = announced(780);
    await newcomer.get('room.join', { roomId: ROOM });
    await coming;
    const going = announced(520);
    await newcomer.get('room.leave', {});
    await going;
    newcomer.close();
    await server.server.api('PATCH', `/api/rooms/${ROOM}/settings`, { phoneAnnouncements: null });
  });

  it('a member calls a phone into the room: it rings, answers, both sides hear each other, and a kick ends the call', async () => {
    const { phone: first } = await callRoom('1001', { toneHz: FIRST_HZ });
    const second = await register('1002', { toneHz: SECOND_HZ });
    const { callId } = await moderator.get('call.dial', { target: '1002' });
    const participant = await joined('1002');
    assert.equal(participant.callState, 'dialing');
    assert.equal(participant.kind, 'phone');
    await second.waitFor('CALL_INCOMING');
    await shown(participant.participantId, 'ringing');
    second.command('accept');
    await shown(participant.participantId, 'answered');
    await Promise.all([first.hears(SECOND_HZ), second.hears(FIRST_HZ)]);
    await moderator.get('participant.kick', { participantId: participant.participantId });
    await second.waitFor('CALL_CLOSED');
    const call = await ended();
    assert.equal(call.callId, callId);
    assert.equal(call.direction, 'outgoing');
    assert.equal(call.endCause, 'kicked');
    assert.equal(call.codec, 'PCMU');
  });

  it('a kick while the phone rings cancels the call', async () => {
    const phone = await register('1002');
    await moderator.get('call.dial', { target: '1002' });
    const { participantId } = await joined('1002');
    await phone.waitFor('CALL_INCOMING');
    await moderator.get('participant.kick', { participantId });
    await phone.waitFor('CALL_CLOSED');
    const call = await ended();
    assert.equal(call.endCause, 'kicked');
    assert.equal(call.answeredAtMs, null);
  });

  it('the caller is notified why a call failed', async () => {
    const phone = await register('1002');
    const { callId } = await moderator.get('call.dial', { target: '1002' });
    await phone.waitFor('CALL_INCOMING');
    phone.command('hangup');
    const { error } = await moderator.event('call.failed', (failed) => failed.callId === callId);
    assert.equal(error.code, 'CALL_FAILED');
    assert.match(error.detail ?? '', /^486 /);
    assert.equal((await ended()).sipStatus, 486);

    const away = await moderator.get('call.dial', { target: '1003' });
    const other = await moderator.event('call.failed', (failed) => failed.callId === away.callId);
    assert.equal(other.error.code, 'CALL_FAILED');
    assert.equal(await moderator.refusal('call.dial', { target: '+15550100' }), 'CALL_REFUSED');
  });

  it('a number that the dial plan rejects or does not know is refused', async () => {
    const phone = await register('1001');
    for (const [number, status] of [
      ['666', 603],
      ['12', 404],
    ] as const) {
      const call = await server.callsFromNow();
      phone.command('dial', server.uri(number));
      await phone.waitFor('CALL_CLOSED');
      assert.equal((await call(({ sipStatus }) => sipStatus === status)).endCause, 'refused');
    }
  });

  for (const [way, account] of [
    ['RFC 4733', ''],
    ['SIP INFO', ';dtmfmode=info'],
  ] as const) {
    it(`a PIN by ${way} leads to its room, and three wrong ones end the call`, async () => {
      const phone = await register('1001', { account });
      phone.command('dial', server.uri('200'));
      await phone.waitFor('CALL_ESTABLISHED');
      phone.press('1234#');
      phone.press(`${PIN}#`);
      await joined('1001');
      phone.command('hangup');
      await phone.waitFor('CALL_CLOSED');
      phone.command('dial', server.uri('200'));
      await phone.waitFor('CALL_ESTABLISHED');
      for (let tries = 0; tries < 3; tries++) {
        phone.press('9999#');
      }
      await phone.waitFor('CALL_CLOSED');
      assert.equal((await ended()).endCause, 'wrong-pin');
    });
  }

  it('threat 58: a room with a PIN for guests admits callers who were asked for one; a locked room admits none', async () => {
    const configure = (change: object) => server.server.api('PATCH', `/api/rooms/${ROOM}/settings`, change);
    const phone = await register('1001');
    const refused = async (number: string) => {
      const call = await server.callsFromNow();
      phone.command('dial', server.uri(number));
      await phone.waitFor('CALL_CLOSED');
      const { endCause, sipStatus } = await call(({ endedAtMs }) => endedAtMs !== null);
      assert.deepEqual([endCause, sipStatus], ['refused', 403]);
    };
    await configure({ pin: '135790' });
    try {
      await refused('100');
      phone.command('dial', server.uri('200'));
      await phone.waitFor('CALL_ESTABLISHED');
      phone.press(`${PIN}#`);
      await joined('1001');
      phone.command('hangup');
      await phone.waitFor('CALL_CLOSED');
      await configure({ pin: null, locked: true });
      await refused('100');
    } finally {
      await configure({ pin: null, locked: null });
    }
  });

  it('a phone mutes and unmutes itself with *6, and a moderator does so too', async () => {
    const { phone: first, participant } = await callRoom('1001', { toneHz: FIRST_HZ });
    const { phone: second } = await callRoom('1002', { toneHz: SECOND_HZ });
    await second.hears(FIRST_HZ);
    first.press('*6');
    await moderator.event('producer.paused');
    await second.hearsNothing();
    first.press('*6');
    await moderator.event('producer.resumed');
    await second.hears(FIRST_HZ);
    const { participantId } = participant;
    await moderator.get('participant.mute', { participantId, muted: true });
    await second.hearsNothing();
    await first.hears(SECOND_HZ);
    await moderator.get('participant.mute', { participantId, muted: false });
    await second.hears(FIRST_HZ);
  });

  it('a phone that may not unmute stays muted despite *6, until a moderator lets it speak', async () => {
    const { phone: first, participant } = await callRoom('1001', { toneHz: FIRST_HZ });
    const { phone: second } = await callRoom('1002', { toneHz: SECOND_HZ });
    const { participantId } = participant;
    await second.hears(FIRST_HZ);
    await moderator.get('participant.mute', { participantId, muted: true, deny: true });
    await second.hearsNothing();
    first.press('*6');
    first.press('*9');
    await moderator.event('hand.raised', (up) => up.participantId === participantId);
    await second.hearsNothing();
    await moderator.get('participant.ask', { participantId, source: 'microphone' });
    first.press('*6');
    await second.hears(FIRST_HZ);
    // Newcomers enter muted.
    await moderator.get('participant.muteAll', { except: 'me', onEntry: true });
    const { participant: late } = await callRoom('1003');
    await moderator.event(
      'producer.added',
      ({ producer }) => producer.participantId === late.participantId && producer.paused,
    );
    await moderator.get('participant.allowAll', {});
  });

  it('a phone raises and lowers its hand with *9', async () => {
    const { phone, participant } = await callRoom('1001');
    const isOurs = ({ participantId }: { participantId: string }) =>
      participantId === participant.participantId;
    phone.press('*9');
    await moderator.event('hand.raised', isOurs);
    phone.press('*9');
    await moderator.event('hand.lowered', isOurs);
  });

  it('a phone that holds is shown as held, is not heard, and returns', async () => {
    const { phone: first, participant } = await callRoom('1001', { toneHz: FIRST_HZ });
    const { phone: second } = await callRoom('1002', { toneHz: SECOND_HZ });
    await second.hears(FIRST_HZ);
    first.command('hold');
    await shown(participant.participantId, 'held');
    await second.hearsNothing();
    first.command('resume');
    await shown(participant.participantId, 'answered');
    // baresip 1.0 stops recording after its own hold; sipp.test.ts shows that a phone hears again.
    await second.hears(FIRST_HZ);
  });

  it('threat 13: calls survive the death of the media worker', async () => {
    const { phone: first } = await callRoom('1001', { toneHz: FIRST_HZ });
    const { phone: second } = await callRoom('1002', { toneHz: SECOND_HZ });
    await Promise.all([second.hears(FIRST_HZ), first.hears(SECOND_HZ)]);
    const producers = () => server.server.objects().then((objects) => objects.producers);
    const [pid] = await server.server.workerPids();
    assert.ok(pid);
    process.kill(pid, 'SIGKILL');
    await moderator.event('room.rehome');
    await eventually('the phones send into the room again', producers, (count) => count === 2);
    await Promise.all([second.hears(FIRST_HZ), first.hears(SECOND_HZ)]);
    assert.equal((await server.calls()).filter(({ endedAtMs }) => endedAtMs === null).length, 2);
  });
});
