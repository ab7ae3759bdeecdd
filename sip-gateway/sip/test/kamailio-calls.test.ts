import assert from 'node:assert/strict';
import { type EventEmitter, once as onceOf } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { Baresip } from '../../../test/support/baresip.ts';
import { Kamailio } from '../../../test/support/kamailio.ts';
import { installed } from '../../../test/support/programs.ts';
import type { IncomingCall } from '../index.ts';
import { SdpSession, SipStack } from '../index.ts';

// biome-ignore lint/suspicious/noExplicitAny: events of every emitter
const once = (emitter: EventEmitter<any>, event: string): Promise<any[]> =>
  onceOf(emitter, event, { signal: AbortSignal.timeout(8000) });

const LOCAL = { address: '127.0.0.1', port: 7004, codecs: ['PCMU', 'PCMA'] as const };
const usable = (await installed('kamailio')) && (await installed('baresip'));

describe('calls through Kamailio as the PBX', {
  skip: usable ? false : 'kamailio or baresip is not installed',
}, () => {
  let pbx: Kamailio;

  before(async () => {
    pbx = await Kamailio.start();
  });

  after(() => pbx.stop());

  for (const protocol of ['udp', 'tcp'] as const) {
    it(`we register, call a phone and are called by it, with digest and Record-Route, over ${protocol}`, async () => {
      const transport = `;transport=${protocol}`;
      const uri = `sip:127.0.0.1:${pbx.port}${transport}`;
      const credentials = { username: 'canopy', password: 'secret', realm: 'pbx.test' };
      const stack = await SipStack.create({
        listen: [{ protocol, address: '127.0.0.1', port: 0 }],
        domain: '127.0.0.1',
        trunks: [{ id: 'pbx', uri, peers: ['127.0.0.1/32'], credentials }],
      });
      const phone = await Baresip.start(
        `<sip:bob@127.0.0.1:${pbx.port}${transport}>;auth_user=bob;auth_pass=secret;regint=60;audio_codecs=PCMU/8000/1`,
      );
      try {
        const registration = stack.register({ registrar: uri, address: 'sip:canopy@127.0.0.1', credentials });
        const [{ expiresSeconds }] = await once(registration, 'registered');
        assert.equal(expiresSeconds, 600);
        await phone.registered();

        const session = new SdpSession();
        const out = await stack.invite(
          { trunk: 'pbx', number: 'bob' },
          { sdp: session.offer(LOCAL), from: { user: 'canopy', displayName: 'Room "1"' } },
        );
        await phone.waitFor('CALL_INCOMING');
        phone.command('accept');
        await once(out, 'answered');
        assert.equal(session.readAnswer(out.remoteSdp ?? '').codec, 'PCMU');
        await out.reinvite(session.offer({ ...LOCAL, direction: 'sendonly' }));
        await out.hangUp();
        await phone.waitFor('CALL_CLOSED');

        const invited = once(stack, 'invite');
        phone.command('dial', `sip:canopy@127.0.0.1:${pbx.port}`);
        const call = (await invited)[0] as IncomingCall;
        assert.deepEqual(call.identity, { kind: 'trunk', trunkId: 'pbx' });
        assert.equal(call.dialled, 'canopy');
        call.accept(new SdpSession().answer(call.offer ?? '', LOCAL).sdp);
        await once(call, 'confirmed');
        await call.hangUp();
        await phone.waitFor('CALL_CLOSED');

        await registration.close();
        assert.equal(registration.state, 'closed');
      } catch (error) {
        throw new Error(`${pbx.log}\n${phone.output}`, { cause: error });
      } finally {
        await phone.stop();
        await stack.close();
      }
    });
  }
});
