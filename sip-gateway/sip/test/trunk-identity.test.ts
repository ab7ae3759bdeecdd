import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { SdpSession, SipStack, type TrunkOptions } from '../index.ts';
import { RawPhone } from './raw-phone.ts';

const LOCAL = { address: '127.0.0.1', port: 7000, codecs: ['PCMU', 'PCMA'] as const };

describe('the caller of our calls, as a trunk sees it', () => {
  let stack: SipStack;
  let provider: RawPhone;

  before(async () => {
    stack = await SipStack.create({ listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }] });
    provider = await RawPhone.udp(stack.bound[0]?.local.port ?? 0, '127.0.0.6');
  });
  after(async () => {
    await stack.close(0);
    provider.close();
  });

  /** The naming fields of an INVITE; undefined for those that it lacks. */
  async function named(caller: TrunkOptions['caller'], withheld = false): Promise<Record<string, string>> {
    const uri = `sip:127.0.0.6:${provider.port}`;
    stack.setTrunks([{ id: 'provider', uri, domain: 'provider.example', ...(caller && { caller }) }]);
    const call = await stack.invite(
      { trunk: 'provider', number: '+4930222' },
      {
        sdp: new SdpSession().offer(LOCAL),
        from: { user: 'account7', displayName: 'Ann (team)', withheld },
        contactUser: '100',
      },
    );
    const { headers } = await provider.request('INVITE');
    const ended = once(call, 'end');
    void call.hangUp();
    await stopped();
    await ended;
    const fields = [
      'from',
      'p-asserted-identity',
      'p-preferred-identity',
      'remote-party-id',
      'privacy',
      'contact',
    ];
    return Object.fromEntries(
      fields.flatMap((name) => {
        const value = headers
          .get(name)
          ?.replace(/;tag=.*/, '')
          .replace(/127\.0\.0\.1:\d+/, 'here');
        return value === undefined ? [] : [[name, value]];
      }),
    );
  }

  /** Ends the last call as a provider does. */
  async function stopped(): Promise<void> {
    const invite = provider.received.findLast(
      (message) => message.kind === 'request' && message.method === 'INVITE',
    );
    assert.ok(invite?.kind === 'request');
    provider.answer(invite, '180 Ringing', { tag: 'a' });
    const cancel = await provider.request('CANCEL');
    provider.answer(cancel, '200 OK');
    provider.answer(invite, '487 Request Terminated', { tag: 'a' });
  }

  const ACCOUNT = '"Ann (team)" <sip:account7@provider.example>';
  const ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>';
  const contact = '<sip:100@here>';
  const hiddenContact = '<sip:anonymous@here>';

  it('is its account by default', async () => {
    assert.deepEqual(await named(undefined), { from: ACCOUNT, contact });
  });

  for (const header of ['P-Asserted-Identity', 'P-Preferred-Identity'] as const) {
    it(`has its number in ${header}, if the trunk wants it there`, async () => {
      assert.deepEqual(await named({ header, number: '+493012' }), {
        from: ACCOUNT,
        [header.toLowerCase()]: '"Ann (team)" <sip:+493012@provider.example>',
        contact,
      });
    });
  }

  it('has its number in Remote-Party-ID, if the trunk wants it there, and may have a fixed name', async () => {
    assert.deepEqual(await named({ header: 'Remote-Party-ID', displayName: 'Example "GmbH"' }), {
      from: '"Example \\"GmbH\\"" <sip:account7@provider.example>',
      'remote-party-id':
        '"Example \\"GmbH\\"" <sip:account7@provider.example>;party=calling;screen=yes;privacy=off',
      contact,
    });
  });

  for (const privacy of ['id', 'header', 'user'] as const) {
    it(`is known only to the provider with “Privacy: ${privacy}”`, async () => {
      const caller = { header: 'P-Asserted-Identity', number: '+493012', privacy } as const;
      const identity = '<sip:+493012@provider.example>';
      assert.deepEqual(await named(caller), {
        from: ANONYMOUS,
        'p-asserted-identity': identity,
        privacy,
        contact: hiddenContact,
      });
      assert.deepEqual(await named({ ...caller, anonymousFrom: false }), {
        from: '<sip:account7@provider.example>',
        'p-asserted-identity': identity,
        privacy,
        contact: hiddenContact,
      });
    });
  }

  it('may ask for no privacy', async () => {
    assert.deepEqual(await named({ privacy: 'none' }), { from: ACCOUNT, privacy: 'none', contact });
  });

  it('is hidden in a single call that withholds it, whatever the trunk’s setting', async () => {
    for (const caller of [undefined, {}, { privacy: 'none' }] as const) {
      assert.deepEqual(await named(caller, true), { from: ANONYMOUS, privacy: 'id', contact: hiddenContact });
    }
    assert.equal((await named({ privacy: 'user' }, true)).privacy, 'user');
    const party = await named({ header: 'Remote-Party-ID' }, true);
    assert.match(party['remote-party-id'] ?? '', /^<sip:account7@provider\.example>;.*privacy=full$/);
  });
});
