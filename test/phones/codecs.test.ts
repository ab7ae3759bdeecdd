import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Baresip } from '../support/baresip.ts';
import { PhoneServer, type SipProtocol } from '../support/phone-server.ts';

const CASES: Array<[codec: string, baresip: string, protocol: SipProtocol]> = [
  ['PCMU', 'PCMU/8000/1', 'udp'],
  ['PCMA', 'PCMA/8000/1', 'tcp'],
  ['G722', 'G722/16000/1', 'tls'],
  ['opus', 'opus/48000/2', 'udp'],
];
const FIRST_HZ = 700;
const SECOND_HZ = 1100;

describe('phones in a room', () => {
  let server: PhoneServer;

  before(async () => {
    server = await PhoneServer.start();
    await server.addPhones('1001', '1002');
    await server.setDialPlan([{ pattern: '100', action: { type: 'room', roomId: 'team' } }]);
  });
  after(() => server.close());

  for (const [codec, baresip, protocol] of CASES)
    it(`one that calls and one that is called hear one another by ${codec} over ${protocol}, and nothing of them is left`, async (t) => {
      const phones: Baresip[] = [];
      try {
        phones.push(await server.phone('1001', { codecs: baresip, protocol, toneHz: FIRST_HZ }));
        phones.push(await server.phone('1002', { codecs: baresip, protocol, toneHz: SECOND_HZ }));
        const [first, second] = phones;
        first?.command('dial', server.uri('100', protocol));
        await first?.waitFor('CALL_ESTABLISHED');
        await server.server.api('POST', '/api/sip/calls', { roomId: 'team', target: '1002' });
        await second?.waitFor('CALL_INCOMING');
        second?.command('accept');
        await second?.waitFor('CALL_ESTABLISHED');
        const heard = await Promise.all([first?.hears(SECOND_HZ), second?.hears(FIRST_HZ)]);
        for (const tone of heard) t.diagnostic(JSON.stringify(tone));
        for (const phone of phones) {
          phone.command('hangup');
          await phone.waitFor('CALL_CLOSED');
        }
        await server.untilIdle();
        const calls = (await server.calls()).slice(0, 2);
        assert.deepEqual(calls.map(({ direction }) => direction).sort(), ['incoming', 'outgoing']);
        for (const call of calls) {
          assert.equal(call.codec, codec);
          assert.equal(call.endCause, 'remote');
          assert.equal(call.roomId, 'team');
          // How high it is depends on how long packets wait on a busy machine; what is heard was judged above.
          assert.ok(call.mos !== null && call.mos >= 1 && call.mos <= 4.5, `MOS ${call.mos}`);
          t.diagnostic(`MOS ${call.mos}`);
        }
      } catch (error) {
        throw new Error(server.server.log.slice(-4000), { cause: error });
      } finally {
        for (const phone of phones) await phone.stop();
      }
    });
});
