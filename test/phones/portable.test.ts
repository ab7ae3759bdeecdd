// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { PhoneServer } from '../support/phone-server.ts';
import { TonePerson } from '../support/tone-person.ts';

const PHONE_HZ = 700;
const ROOM_HZ = 1100;

describe('phones without the native add-on', () => {
  let server: PhoneServer;
  let person: TonePerson;

  before(async () => {
    server = await PhoneServer.start({
      env: {
        CANOPY_CODECS: '/nowhere',
        CANOPY_UDP: '/nowhere',
        CANOPY_SRTP: '/nowhere',
        CANOPY_DTLS: '/nowhere',
      },
    });
    await server.addPhones('1001');
    await server.setDialPlan([{ pattern: '100', action: { type: 'room', roomId: 'team' } }]);
    person = await TonePerson.enter(server.server, 'team', ROOM_HZ);
  });
  after(async () => {
    await person?.leave();
    await server.finish();
  });

  it('the log says what is missing', () => {
    assert.match(
      server.server.log,
      /The native codecs are not built; run node sip-gateway\/codecs\/build\.mjs/,
    );
  });

  for (const [codec, baresip] of [
    ['PCMU', 'PCMU/8000/1'],
    ['opus', 'opus/48000/2'],
  ] as const) {
    it(`one with ${codec} hears the room and is heard there`, async (t) => {
      const phone = await server.phone('1001', { codecs: baresip, toneHz: PHONE_HZ });
      try {
        phone.command('dial', server.uri('100'));
        await phone.waitFor('CALL_ESTABLISHED');
        const heard = await Promise.all([
          person.hears(PHONE_HZ, PhoneServer.voiceLevelDb),
          phone.hears(ROOM_HZ, TonePerson.toneLevelDb),
        ]);
        t.diagnostic(JSON.stringify(heard));
        phone.command('hangup');
        await phone.waitFor('CALL_CLOSED');
      } finally {
        await phone.stop();
      }
    });
  }

  it('one that supports only G.722 is refused because there is no common codec', async () => {
    const phone = await server.phone('1001', { codecs: 'G722/16000/1' });
    try {
      const call = await server.callsFromNow();
      phone.command('dial', server.uri('100'));
      await phone.waitFor('CALL_CLOSED');
      const { endCause, sipStatus } = await call(({ endedAtMs }) => endedAtMs !== null);
      assert.deepEqual([endCause, sipStatus], ['refused', 488]);
    } finally {
      await phone.stop();
    }
  });
});
