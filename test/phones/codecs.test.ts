// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { PhoneServer } from '../support/phone-server.ts';
import { noPjsua } from '../support/pjsua-phone.ts';
import { installed } from '../support/programs.ts';
import { startSoftphone } from '../support/softphone.ts';
import { TonePerson } from '../support/tone-person.ts';
import { eventually } from '../support/wait.ts';

const PHONE_HZ = 700;
const ROOM_HZ = 1100;
const noBaresip = (await installed('baresip')) ? false : 'baresip is not installed';

// G.711, G.722 and Opus are in matrix.test.ts.
describe('phones with GSM, Speex and AMR-WB', { concurrency: 2 }, () => {
  let server: PhoneServer;

  before(async () => {
    server = await PhoneServer.start({
      flags: ['--workers', '1'],
      env: { CANOPY_SIP_CODECS: 'AMR-WB/octet-align,AMR-WB,speex/16000,PCMU,GSM' },
    });
    await server.addPhones('1001', '1002', '1003');
    await server.setDialPlan(
      ['1001', '1002', '1003'].map((number) => ({
        pattern: `2${number}`,
        action: { type: 'room', roomId: `room-${number}` },
      })),
    );
  });
  after(async () => {
    await server.finish();
  });

  for (const { program, username, codec, offered, skip } of [
    { program: 'baresip', username: '1001', codec: 'GSM', offered: 'GSM/8000/1', skip: noBaresip },
    {
      program: 'PJSIP',
      username: '1002',
      codec: 'speex/16000',
      offered: 'speex/16000/1',
      skip: noPjsua,
    },
    {
      program: 'baresip',
      username: '1003',
      codec: 'AMR-WB/octet-align',
      offered: 'AMR-WB/16000/1',
      skip: noBaresip,
    },
  ] as const) {
    it(`${program} calls the room and is called from it with ${codec}: each hears the other's tone${
      program === 'PJSIP' ? ', also after a re-INVITE with another codec' : ''
    }`, {
      skip,
    }, async (t) => {
      const roomId = `room-${username}`;
      const phone = await startSoftphone(program, server, {
        username,
        protocol: 'udp',
        codecs: [offered],
        toneHz: PHONE_HZ,
      });
      const person = await TonePerson.enter(server.server, roomId, ROOM_HZ, { pauses: program === 'PJSIP' });
      const hearEachOther = async () => {
        const heard = await Promise.all([
          person.hears(PHONE_HZ, PhoneServer.voiceLevelDb),
          phone.hears(ROOM_HZ, TonePerson.toneLevelDb),
        ]);
        t.diagnostic(JSON.stringify(heard));
      };
      try {
        await phone.call(`2${username}`);
        await hearEachOther();
        await phone.hangUp();
        const call = { roomId, target: username };
        const { callId } = await server.server.api<{ callId: string }>('POST', '/api/sip/calls', call);
        await phone.called();
        await hearEachOther();
        // The phone keeps its codecs, so this comes last.
        if (phone.useCodecs) {
          await phone.useCodecs('PCMU/8000/1');
          await hearEachOther();
        }
        await server.server.api('DELETE', `/api/sip/calls/${callId}`);
        const calls = await eventually(
          'the history has both calls to their end',
          async () => (await server.calls()).filter((each) => each.roomId === roomId),
          (found) => found.length === 2 && found.every(({ endCause }) => endCause !== null),
        );
        assert.deepEqual(
          calls.map((each) => [each.direction, each.codec]),
          [
            ['outgoing', phone.useCodecs ? 'PCMU' : codec],
            ['incoming', codec],
          ],
        );
      } finally {
        await person.leave();
        await phone.stop();
      }
    });
  }
});
