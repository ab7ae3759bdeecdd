import assert from 'node:assert/strict';
import { type EventEmitter, once as onceOf } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Baresip } from '../../../test/support/baresip.ts';
import { installed } from '../../../test/support/programs.ts';
import { selfSigned } from '../../../test/support/self-signed.ts';
import type { CallEnd, IncomingCall } from '../index.ts';
import { SdpSession, SipStack } from '../index.ts';

/** As of node:events, but gives up: a phone that stays silent must not hang the test. */
// biome-ignore lint/suspicious/noExplicitAny: events of every emitter
const once = (emitter: EventEmitter<any>, event: string): Promise<any[]> =>
  onceOf(emitter, event, { signal: AbortSignal.timeout(8000) });
const LOCAL = { address: '127.0.0.1', port: 7002, codecs: ['opus', 'G722', 'PCMU', 'PCMA'] as const };
const hasBaresip = await installed('baresip');

describe('calls with baresip', { skip: hasBaresip ? false : 'baresip is not installed' }, () => {
  let stack: SipStack;
  let folder: string;
  let both: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sip-tls-'));
    const tls = await selfSigned();
    both = join(folder, 'both.pem');
    await writeFile(both, tls.key + tls.cert);
    stack = await SipStack.create({
      listen: [
        { protocol: 'udp', address: '127.0.0.1', port: 0 },
        { protocol: 'tcp', address: '127.0.0.1', port: 0 },
        { protocol: 'tls', address: '127.0.0.1', port: 0, tls },
      ],
      tlsCa: tls.cert,
      domain: '127.0.0.1',
      users: {
        realm: 'canopy.test',
        lookup: (user) => (user === 'alice' ? 'secret' : undefined),
        algorithms: ['MD5'],
      },
    });
  });

  after(async () => {
    await stack.close();
    assert.deepEqual(stack.counts, { calls: 0, dialogs: 0, transactions: 0, connections: 0 });
    await rm(folder, { recursive: true, force: true });
  });

  for (const protocol of ['udp', 'tcp', 'tls'] as const) {
    it(`baresip registers by digest, calls, is put on hold, is called and hangs up, over ${protocol}`, async () => {
      const port = stack.bound.find((listener) => listener.protocol === protocol)?.local.port;
      const registered = once(stack, 'registration');
      const phone = await Baresip.start(
        `<sip:alice@127.0.0.1:${port};transport=${protocol}>;auth_user=alice;auth_pass=secret;regint=60;audio_codecs=PCMU/8000/1,G722/16000/1,opus/48000/2`,
        { certificate: both },
      );
      try {
        assert.deepEqual((await registered)[0], { user: 'alice', bindings: 1 });
        const session = new SdpSession();

        // The phone calls; its hold and resume are answered.
        const invited = once(stack, 'invite');
        phone.command('dial', `sip:room@127.0.0.1:${port}`);
        const call = (await invited)[0] as IncomingCall;
        assert.deepEqual(call.identity, { kind: 'user', username: 'alice' });
        assert.equal(call.dialled, 'room');
        call.ring();
        const { sdp, audio } = session.answer(call.offer ?? '', LOCAL);
        assert.equal(audio.codec, 'PCMU');
        const directions: string[] = [];
        call.on('offer', (offer) => {
          const answer = session.answer(offer.sdp ?? '', LOCAL);
          directions.push(answer.audio.direction);
          offer.accept(answer.sdp);
        });
        call.accept(sdp);
        await once(call, 'confirmed');
        await phone.waitFor('CALL_ESTABLISHED');
        const held = once(call, 'offer');
        phone.command('hold');
        await held;
        const resumed = once(call, 'offer');
        phone.command('resume');
        await resumed;
        assert.deepEqual(directions, ['recvonly', 'sendrecv']);
        const ended = once(call, 'end');
        phone.command('hangup');
        assert.deepEqual((await ended)[0] as CallEnd, { cause: 'remote' });
        await phone.waitFor('CALL_CLOSED');

        // The phone is called where it registered, and held by us.
        const own = new SdpSession();
        const out = await stack.invite({ user: 'alice' }, { sdp: own.offer(LOCAL) });
        await phone.waitFor('CALL_INCOMING');
        phone.command('accept');
        await once(out, 'answered');
        assert.equal(own.readAnswer(out.remoteSdp ?? '').codec, 'opus');
        await out.reinvite(own.offer({ ...LOCAL, direction: 'sendonly' }));
        assert.equal(own.readAnswer(out.remoteSdp ?? '').direction, 'sendonly');
        await out.hangUp();
        await phone.waitFor('CALL_CLOSED');
      } catch (error) {
        throw new Error(phone.output, { cause: error });
      } finally {
        await phone.stop();
      }
    });
  }

  it('a phone with two outbound flows (RFC 5626) rings once, and on the other one when the first has failed', async () => {
    const port = (protocol: string) =>
      stack.bound.find((listener) => listener.protocol === protocol)?.local.port;
    const [tcp, udp] = [`sip:127.0.0.1:${port('tcp')};transport=tcp`, `sip:127.0.0.1:${port('udp')}`];
    const registered = once(stack, 'registration');
    const phone = await Baresip.start(
      `<sip:alice@127.0.0.1>;auth_user=alice;auth_pass=secret;regint=60;sipnat=outbound;outbound1="${udp}";outbound2="${tcp}"`,
    );
    try {
      await registered;
      if (stack.registrar.lookup('alice').length < 2) {
        await once(stack, 'registration');
      }
      const flows = stack.registrar.lookup('alice');
      assert.deepEqual(flows.map(({ regId }) => regId).sort(), [1, 2]);
      assert.equal(new Set(flows.map(({ instance }) => instance)).size, 1);
      const ring = async () => {
        const call = await stack.invite({ user: 'alice' }, { sdp: new SdpSession().offer(LOCAL) });
        await phone.waitFor('CALL_INCOMING');
        await call.hangUp();
        await phone.waitFor('CALL_CLOSED');
      };
      await ring();
      const connection = flows.find(({ flow }) => flow.reliable);
      assert.ok(connection);
      const closed = new Promise((resolve) => connection.flow.onClose(resolve));
      (connection.flow as unknown as { close(): void }).close();
      await closed;
      await ring();
    } catch (error) {
      throw new Error(phone.output, { cause: error });
    } finally {
      await phone.stop();
    }
  });

  it('a ringing phone is cancelled', async () => {
    const port = stack.bound[0]?.local.port;
    const registered = once(stack, 'registration');
    const phone = await Baresip.start(
      `<sip:alice@127.0.0.1:${port}>;auth_user=alice;auth_pass=secret;regint=60`,
    );
    try {
      await registered;
      const call = await stack.invite({ user: 'alice' }, { sdp: new SdpSession().offer(LOCAL) });
      await phone.waitFor('CALL_INCOMING');
      await call.hangUp();
      await phone.waitFor('CALL_CLOSED');
    } finally {
      await phone.stop();
    }
  });
});
