import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { displayName, sipTrunk } from '../../contract/index.ts';
import { type IncomingCall, SipStack } from '../sip/index.ts';
import { callerAddress, callerName } from './caller.ts';

const CONFIG = { phones: [], trunks: [sipTrunk.parse({ name: 'office', uri: 'sip:127.0.0.1' })] };
const TRUSTING = {
  phones: [],
  trunks: [sipTrunk.parse({ name: 'office', uri: 'sip:127.0.0.1', identity: { trustAsserted: true } })],
};
const JOHN = '"John Doe" <sip:+4930222@127.0.0.2>';

describe('callerName() and callerAddress()', () => {
  let stack: SipStack;
  let caller: Socket;
  let calls = 0;
  let config = CONFIG;

  before(async () => {
    stack = await SipStack.create({
      listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }],
      trunks: [{ id: 'office', uri: 'sip:127.0.0.1', peers: ['127.0.0.1'] }],
      callsPerSecond: 1000,
    });
    caller = createSocket('udp4');
  });
  after(async () => {
    await stack.close(0);
    caller.close();
  });

  /** What the room and the history show for a caller. */
  async function shown(from: string, ...headers: string[]): Promise<{ name: string; address: string }> {
    const invited = once(stack, 'invite');
    const id = `call${++calls}`;
    const lines = [
      'INVITE sip:100@127.0.0.1 SIP/2.0',
      `Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK${id};rport`,
      `From: ${from};tag=${id}`,
      'To: <sip:100@127.0.0.1>',
      `Call-ID: ${id}`,
      'CSeq: 1 INVITE',
      'Contact: <sip:caller@127.0.0.1>',
      ...headers,
      'Content-Length: 0',
      '',
      '',
    ];
    caller.send(lines.join('\r\n'), stack.bound[0]?.local.port ?? 0, '127.0.0.1');
    const [call] = (await invited) as [IncomingCall];
    const result = { name: callerName(call, config), address: callerAddress(call, config) };
    call.reject(486);
    return result;
  }

  for (const value of [
    'id',
    'ID',
    'user',
    'header',
    'user;id',
    'user; ID ;critical',
    'critical;id',
    'session,header',
  ]) {
    it(`“Privacy: ${value}” hides name and number in room and history`, async () => {
      const { name, address } = await shown(
        '"Jane" <sip:+4930111@127.0.0.1>',
        `P-Asserted-Identity: ${JOHN}`,
        `Privacy: ${value}`,
      );
      assert.equal(name, 'Anonymous');
      assert.equal(address, 'sip:anonymous@anonymous.invalid');
    });
  }

  it('privacy can be requested in a second field, or just by an anonymous From', async () => {
    const asserted = `P-Asserted-Identity: ${JOHN}`;
    const second = await shown('<sip:1@127.0.0.1>', asserted, 'Privacy: session', 'privacy: Id');
    assert.equal(second.name, 'Anonymous');
    for (const from of [
      '"Anonymous" <sip:anonymous@anonymous.invalid>',
      '"x" <sip:x@Anonymous.Invalid>',
      '<sip:Anonymous@pbx.example>',
    ]) {
      assert.equal((await shown(from, asserted)).name, 'Anonymous');
    }
  });

  it('privacy can be requested in Remote-Party-ID', async () => {
    for (const [privacy, name] of [
      ['full', 'Anonymous'],
      ['"uri"', 'Anonymous'],
      ['name;screen=yes', 'Anonymous'],
      ['off', 'Jane'],
    ] as const) {
      const party = `Remote-Party-ID: <sip:+4930111@127.0.0.1>;party=calling; Privacy=${privacy}`;
      assert.equal((await shown('"Jane" <sip:+4930111@127.0.0.1>', party)).name, name);
    }
  });

  it('a caller who requests no privacy is shown', async () => {
    for (const privacy of ['none', 'session', 'critical']) {
      const { name, address } = await shown(
        '"Jane" <sip:+4930111@127.0.0.1>',
        `P-Asserted-Identity: ${JOHN}`,
        `Privacy: ${privacy}`,
      );
      assert.equal(name, 'John Doe');
      assert.match(address, /\+4930111/);
    }
    const anonymous = '"Anonymous" <sip:anonymous@anonymous.invalid>';
    assert.equal((await shown(anonymous, `P-Asserted-Identity: ${JOHN}`, 'Privacy: none')).name, 'John Doe');
  });

  it('only the identity that a trusted trunk vouches for replaces the number in From', async () => {
    const from = '<sip:+4930111@127.0.0.1>';
    const party =
      'Remote-Party-ID: "Called" <sip:9@x>;party=called, "Joan" <sip:+4930333@127.0.0.2>;party=calling';
    const asserted = 'P-Asserted-Identity: <tel:+49-30-222>';
    assert.match((await shown(from, asserted)).address, /4930111/);
    config = TRUSTING;
    try {
      assert.deepEqual(await shown(from, asserted, party), { name: '+4930222', address: 'tel:+49-30-222' });
      assert.deepEqual(await shown(from, party), { name: 'Joan', address: 'sip:+4930333@127.0.0.2' });
      assert.deepEqual(await shown(from, 'P-Asserted-Identity: <a b'), {
        name: '+4930111',
        address: 'sip:+4930111@127.0.0.1',
      });
      assert.deepEqual(await shown(from, asserted, 'Privacy: id'), {
        name: 'Anonymous',
        address: 'sip:anonymous@anonymous.invalid',
      });
    } finally {
      config = CONFIG;
    }
  });

  it('a number that the trunk writes its own way is shown and stored in E.164 form', async () => {
    const numbers = { countryCode: '49', incoming: 'dialled' };
    config = { phones: [], trunks: [sipTrunk.parse({ name: 'office', uri: 'sip:127.0.0.1', numbers })] };
    try {
      for (const [from, name, address] of [
        ['<sip:030111@127.0.0.1>', '+4930111', 'sip:+4930111@127.0.0.1'],
        ['<tel:030-111>', '+4930111', 'tel:+4930111'],
        ['<sip:1001@127.0.0.1>', '1001', 'sip:1001@127.0.0.1'],
      ] as const) {
        assert.deepEqual(await shown(from), { name, address });
      }
    } finally {
      config = CONFIG;
    }
  });

  for (const [what, fields] of [
    ['two fields', [`P-Asserted-Identity: ${JOHN}`, 'P-Asserted-Identity: <tel:+4930222>']],
    ['two fields, tel first', ['P-Asserted-Identity: <tel:+4930222>', `P-Asserted-Identity: ${JOHN}`]],
    ['one field', [`P-Asserted-Identity: ${JOHN}, <tel:+4930222>`]],
    ['two fields of which one is broken', ['P-Asserted-Identity: <a b', `P-Asserted-Identity: ${JOHN}`]],
  ] as const) {
    it(`an asserted identity of a SIP and a tel URI is read: ${what}`, async () => {
      assert.equal((await shown('"x" <sip:1@127.0.0.1>', ...fields)).name, 'John Doe');
    });
  }

  for (const [what, name, expected] of [
    ['markup stays text', '<script>alert(1)</script>', '<script>alert(1)</script>'],
    ['an override of the writing direction', 'Ann\u202etxt.exe', 'Anntxt.exe'],
    ['isolates and marks', '\u2066Ann\u2069\u200e\u200f\u061c', 'Ann'],
    ['control characters', 'A\u0001nn\u007f\u0085', 'Ann'],
    ['line separators', 'Ann\u2028Bob\u2029', 'Ann Bob'],
    ['invisible characters', '\ufeffA\u200bnn\u{e0041}', 'Ann'],
    ['nothing to be seen', '\u200b\u200d\u2060', '+4930111'],
    ['blanks only', ' \u00a0 \u3000', '+4930111'],
    ['a name too long', 'x'.repeat(500), 'x'.repeat(64)],
    ['a name too long, of characters outside the BMP', '😀'.repeat(100), '😀'.repeat(32)],
    ['escapes of a quoted string', 'A\\"n\\\\n', 'A"n\\n'],
    ['another script', 'Анна', 'Анна'],
  ] as const) {
    it(`threat 23: hostile text in a name: ${what}`, async () => {
      for (const [from, ...headers] of [
        [`"${name}" <sip:+4930111@127.0.0.1>`],
        ['<sip:+4930111@127.0.0.1>', `P-Asserted-Identity: "${name}" <sip:+4930222@127.0.0.2>`],
      ] as const) {
        const result = await shown(from, ...headers);
        assert.equal(result.name, expected);
        assert.ok(displayName.safeParse(result.name).success, 'the room takes the name');
      }
    });
  }

  it('threat 23: a user part that cannot be displayed becomes “Phone”', async () => {
    assert.equal((await shown('<sip:%00%E2%80%AE@127.0.0.1>')).name, 'Phone');
    assert.equal((await shown('<sip:127.0.0.1>')).name, 'Phone');
  });
});
