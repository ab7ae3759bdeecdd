import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Baresip } from '../../../test/support/baresip.ts';
import { Kamailio } from '../../../test/support/kamailio.ts';
import { installed } from '../../../test/support/programs.ts';
import { SdpSession, SipStack } from '../index.ts';
import type { SipResponse } from '../message/index.ts';
import { phoneSdp, RawPhone } from './raw-phone.ts';

const LOCAL = { address: '127.0.0.1', port: 7008, codecs: ['PCMU'] as const };
const GRUU = ['Supported: gruu'];
const usable = (await installed('kamailio')) && (await installed('baresip'));

/** The GRUUs of the phone with this instance in a response to its REGISTER. */
function gruusIn(response: SipResponse, instance: string): { public: string; temporary: string } {
  const contact = response.headers.all('contact').find((value) => value.includes(`<${instance}>`)) ?? '';
  const [, publicGruu = '', temporary = ''] = /;pub-gruu="([^"]*)";temp-gruu="([^"]*)"$/.exec(contact) ?? [];
  return { public: publicGruu, temporary };
}

describe('GRUUs (RFC 5627)', () => {
  let stack: SipStack;
  let opened: { close(): unknown }[];

  const newStack = (options: Partial<Parameters<typeof SipStack.create>[0]> = {}) =>
    SipStack.create({
      listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }],
      users: {
        realm: 'canopy.test',
        lookup: (user) => (user === 'bob' || user === 'eve' ? 'secret' : undefined),
        algorithms: ['MD5'],
      },
      ...options,
    });
  const phone = async () => {
    const raw = await RawPhone.udp(stack.bound[0]?.local.port ?? 0);
    opened.push(raw);
    return raw;
  };
  const contactOf = (raw: RawPhone, instance: string) =>
    `<sip:bob@127.0.0.1:${raw.port}>;+sip.instance="<${instance}>"`;

  beforeEach(async () => {
    opened = [];
    stack = await newStack();
  });
  afterEach(async () => {
    for (const each of opened.reverse()) {
      await each.close();
    }
    await stack.close();
    assert.equal(stack.counts.calls, 0);
  });

  describe('that our registrar gives', () => {
    it('are one that names the instance and one that names nothing, for phones that support them', async () => {
      const raw = await phone();
      const without = await raw.register('bob', contactOf(raw, 'urn:uuid:1'));
      assert.doesNotMatch(without.headers.get('contact') ?? '', /gruu/);
      assert.match(without.headers.get('contact') ?? '', /;\+sip\.instance="<urn:uuid:1>"/);
      const response = await raw.register('bob', contactOf(raw, 'urn:uuid:1'), GRUU);
      assert.ok(response.headers.tokens('supported').includes('gruu'));
      const gruus = gruusIn(response, 'urn:uuid:1');
      assert.equal(gruus.public, 'sip:bob@canopy.test;gr=urn:uuid:1');
      assert.match(gruus.temporary, /^sip:tgruu\.[\w-]{60,}@canopy\.test;gr$/);
      for (const uri of Object.values(gruus)) {
        assert.deepEqual(stack.registrar.phoneNamed(uri), { user: 'bob', instance: '"<urn:uuid:1>"' });
      }
      const nameless = await phone();
      const plain = await nameless.register('bob', `<sip:bob@127.0.0.1:${nameless.port}>`, GRUU);
      const own = plain.headers.all('contact').find((value) => value.includes(`${nameless.port}`));
      assert.doesNotMatch(own ?? '', /gruu/);
    });

    it('a temporary one is new each time, and valid as long as the phone keeps its Call-ID', async () => {
      const raw = await phone();
      const contact = contactOf(raw, 'urn:uuid:1');
      const [first, second] = [
        gruusIn(await raw.register('bob', contact, GRUU), 'urn:uuid:1'),
        gruusIn(await raw.register('bob', contact, GRUU), 'urn:uuid:1'),
      ];
      assert.notEqual(first.temporary.slice(0, 20), second.temporary.slice(0, 20));
      assert.equal(first.public, second.public);
      assert.deepEqual(
        stack.registrar.phoneNamed(first.temporary),
        stack.registrar.phoneNamed(second.temporary),
      );
      const restarted = await phone();
      await restarted.register('bob', contactOf(restarted, 'urn:uuid:1'), GRUU);
      assert.equal(stack.registrar.phoneNamed(first.temporary), undefined);
      assert.equal(stack.registrar.phoneNamed(first.public)?.instance, '"<urn:uuid:1>"');
    });

    it('a temporary one is known to the next process with the same key, and to no other', async () => {
      const gruuKey = randomBytes(32);
      const [one, two] = [
        await newStack({ registrar: { gruuKey } }),
        await newStack({ registrar: { gruuKey } }),
      ];
      opened.push(one, two);
      const raw = await RawPhone.udp(one.bound[0]?.local.port ?? 0);
      opened.push(raw);
      const { temporary } = gruusIn(
        await raw.register('bob', contactOf(raw, 'urn:uuid:1'), GRUU),
        'urn:uuid:1',
      );
      for (const each of [two, stack]) {
        each.registrar.restore('bob', one.registrar.lookup('bob'));
      }
      assert.equal(two.registrar.phoneNamed(temporary)?.user, 'bob');
      assert.equal(stack.registrar.phoneNamed(temporary), undefined);
      for (const changed of [
        temporary.replace('tgruu.', 'tgruu.A'),
        'sip:tgruu.AAAA@canopy.test;gr',
        'sip:bob@x',
      ]) {
        assert.equal(two.registrar.phoneNamed(changed), undefined, changed);
      }
    });

    it('are no Contact: they would lead to themselves', async () => {
      const raw = await phone();
      const gruus = gruusIn(await raw.register('bob', contactOf(raw, 'urn:uuid:1'), GRUU), 'urn:uuid:1');
      for (const uri of Object.values(gruus)) {
        await raw.register('bob', `<${uri}>`, GRUU, 403);
      }
      assert.equal(stack.registrar.lookup('bob').length, 1);
    });

    it('a call to one rings that phone alone; requests in a call with it as Contact go to the phone', async () => {
      const [desk, mobile] = [await phone(), await phone()];
      await mobile.register('bob', contactOf(mobile, 'urn:uuid:2'), GRUU);
      const gruus = gruusIn(await desk.register('bob', contactOf(desk, 'urn:uuid:1'), GRUU), 'urn:uuid:1');
      const named = stack.registrar.phoneNamed(gruus.public);
      assert.ok(named);
      const call = await stack.invite(named, { sdp: new SdpSession().offer(LOCAL) });
      const answered = once(call, 'answered');
      desk.answer(await desk.request('INVITE'), '200 OK', {
        tag: 'd',
        contact: `<${gruus.temporary}>`,
        sdp: phoneSdp(),
      });
      await desk.request('ACK');
      await answered;
      const over = call.hangUp();
      desk.answer(await desk.request('BYE'), '200 OK');
      await over;
      assert.equal(mobile.count('INVITE'), 0);
      await assert.rejects(stack.invite({ user: 'bob', instance: '"<urn:uuid:3>"' }, { sdp: '' }), {
        name: 'NoRouteError',
      });
    });
  });

  describe('that a registrar gives us', {
    skip: usable ? false : 'kamailio or baresip is not installed',
  }, () => {
    it('are the Contact of calls through it, and Kamailio brings the other side’s requests to us', async () => {
      const pbx = await Kamailio.start();
      const uri = `sip:127.0.0.1:${pbx.port}`;
      const credentials = { username: 'canopy', password: 'secret', realm: 'pbx.test' };
      const own = await newStack({
        domain: '127.0.0.1',
        trunks: [{ id: 'pbx', uri, peers: ['127.0.0.1/32'], credentials }],
      });
      const bob = await Baresip.start(
        `<sip:bob@127.0.0.1:${pbx.port}>;auth_user=bob;auth_pass=secret;regint=60;audio_codecs=PCMU/8000/1`,
      );
      try {
        const registration = own.register({
          registrar: uri,
          address: 'sip:canopy@127.0.0.1',
          credentials,
          trunk: 'pbx',
        });
        await once(registration, 'registered');
        await bob.registered();
        for (const [withheld, contact] of [
          [false, /^Contact: <sip:canopy@127\.0\.0\.1;gr=urn:uuid:[0-9a-f-]{36}>\r?$/gm],
          [true, /^Contact: <sip:[^>;@]+@127\.0\.0\.1;gr>\r?$/gm],
        ] as const) {
          const call = await own.invite(
            { trunk: 'pbx', number: 'bob' },
            { sdp: new SdpSession().offer(LOCAL), from: { user: 'canopy', withheld } },
          );
          await bob.waitFor('CALL_INCOMING');
          const [shown] = bob.output.match(contact) ?? [];
          assert.ok(shown, bob.output);
          assert.equal(withheld && shown.includes('canopy'), false, shown);
          bob.command('accept');
          await once(call, 'answered');
          const ended = once(call, 'end');
          bob.command('hangup');
          // Its BYE goes to our GRUU.
          const [end] = await ended;
          assert.equal(end.cause, 'remote');
          await bob.waitFor('CALL_CLOSED');
        }
        const invited = once(own, 'invite');
        bob.command('dial', `sip:canopy@127.0.0.1:${pbx.port}`);
        const [call] = await invited;
        call.accept(new SdpSession().answer(call.offer ?? '', LOCAL).sdp);
        await once(call, 'confirmed');
        const ended = once(call, 'end');
        bob.command('hangup');
        assert.equal((await ended)[0].cause, 'remote');
      } catch (error) {
        throw new Error(`${pbx.log}\n${bob.output}`, { cause: error });
      } finally {
        await bob.stop();
        await own.close();
        await pbx.stop();
      }
    });
  });
});
