// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Baresip } from '../support/baresip.ts';
import { hearsPrompt } from '../support/heard-prompt.ts';
import { PhoneServer } from '../support/phone-server.ts';
import { TonePerson } from '../support/tone-person.ts';
import { eventually } from '../support/wait.ts';

const PHONE_HZ = 700;
const SECOND_HZ = 1100;
const PERSON_HZ = 440;
const PCMU = 'PCMU/8000/1';
/** Length of the pieces of frames that are looked for in packets, in bytes. */
const PIECE = 24;

describe('phones in an encrypted room', () => {
  let server: PhoneServer;
  const phones: Baresip[] = [];
  const people: TonePerson[] = [];

  before(async () => {
    server = await PhoneServer.start({ flags: ['--workers', '1'] });
    await server.addPhones('1001', '1002', '1003');
    await server.server.api('POST', '/api/rooms', { roomId: 'phones', encryption: 'allow-phones' });
    await server.server.api('POST', '/api/rooms', { roomId: 'strict', encryption: 'required' });
    await server.setDialPlan([
      { pattern: '100', action: { type: 'room', roomId: 'phones' } },
      { pattern: '200', action: { type: 'room', roomId: 'clear' } },
      { pattern: '300', action: { type: 'room', roomId: 'strict' } },
    ]);
  });
  after(() => server.close());
  afterEach(async () => {
    await Promise.all(phones.splice(0).map((phone) => phone.stop()));
    await Promise.all(people.splice(0).map((person) => person.leave()));
    await server.untilIdle();
  });

  const enter = async (roomId: string, { encrypts = true } = {}) => {
    const person = await TonePerson.enter(server.server, roomId, PERSON_HZ, { encrypts });
    people.push(person);
    return person;
  };
  const register = async (username: string, toneHz: number) => {
    const phone = await server.phone(username, { codecs: PCMU, toneHz });
    phones.push(phone);
    return phone;
  };
  const call = async (username: string, number: string, toneHz = PHONE_HZ) => {
    const phone = await register(username, toneHz);
    phone.command('dial', server.uri(number));
    await phone.waitFor('CALL_ESTABLISHED');
    return phone;
  };
  /** How many pieces of the frames that somebody could read are in the packets that the server forwarded. */
  const piecesIn = ({ read, forwarded }: TonePerson) => {
    const all = Buffer.concat(forwarded);
    const pieces = read.filter(({ length }) => length >= PIECE).map((frame) => frame.subarray(0, PIECE));
    assert.ok(pieces.length > 20, `${pieces.length} frames were read`);
    return pieces.filter((piece) => all.includes(piece)).length;
  };

  it('hear and are heard, and the server forwards nothing that it could read (threat 24)', async () => {
    const person = await enter('phones');
    const phone = await call('1001', '100');
    await Promise.all([phone.hears(PERSON_HZ), person.hears(PHONE_HZ)]);
    const state = person.room.encryption?.state;
    assert.deepEqual([state?.state, state?.alarms], ['ready', []]);
    assert.deepEqual(
      state?.members.map(({ isGateway }) => isGateway),
      [false, true],
    );
    assert.equal(piecesIn(person), 0);
    // The same search finds them where nothing is encrypted.
    const clear = await enter('clear', { encrypts: false });
    await call('1002', '200', SECOND_HZ);
    await clear.hears(SECOND_HZ);
    assert.ok(piecesIn(clear) > 20);
  });

  it('of two phones, each hears the other and the people, also after somebody came and left', async () => {
    const person = await enter('phones');
    const [first, second] = [await call('1001', '100'), await call('1002', '100', SECOND_HZ)];
    assert.equal(person.room.participants.size, 3);
    second.command('hangup');
    await second.waitFor('CALL_CLOSED');
    await Promise.all([first.hears(PERSON_HZ), person.hears(PHONE_HZ)]);
    // Another member, and so another epoch, during the call; and one more when they leave.
    const guest = await TonePerson.enter(server.server, 'phones', SECOND_HZ, { encrypts: true });
    await guest.leave();
    await eventually(
      'the guest’s leaf is gone',
      () => person.room.encryption?.state?.members.length,
      (count) => count === 2,
    );
    await Promise.all([first.hears(PERSON_HZ), person.hears(PHONE_HZ)]);
    assert.deepEqual(person.room.encryption?.state?.alarms, []);
  });

  it('go on after the gateway was killed, with new keys', async () => {
    const person = await enter('phones');
    const phone = await call('1001', '100');
    await Promise.all([phone.hears(PERSON_HZ), person.hears(PHONE_HZ)]);
    const before = person.room.encryption?.state?.code;
    // What is saved of the calls is a second old at most.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await server.killGateway(1);
    await Promise.all([phone.hears(PERSON_HZ), person.hears(PHONE_HZ)]);
    assert.notDeepEqual(person.room.encryption?.state?.code, before);
  });

  it('are called from the room', async () => {
    const person = await enter('phones');
    const phone = await register('1003', PHONE_HZ);
    await person.room.dial('1003');
    await phone.waitFor('CALL_INCOMING');
    phone.command('accept');
    await Promise.all([phone.hears(PERSON_HZ), person.hears(PHONE_HZ)]);
  });

  it('hear why they cannot join a room that excludes them (threat 24)', async () => {
    const latest = await server.callsFromNow();
    const phone = await call('1001', '300');
    await hearsPrompt(phone, 'no-phones');
    await phone.waitFor('CALL_CLOSED');
    const { endCause } = await latest(({ endedAtMs }) => endedAtMs !== null);
    assert.equal(endCause, 'refused');
  });
});
