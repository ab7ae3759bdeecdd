import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { GatewayLink } from '../../../client/sdk/index.ts';
import type { EventData, TelephonyConfig } from '../../../contract/index.ts';
import { newGatewayIdentity } from '../../../test/support/gateway-identity.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';

const TRUNK = '/api/sip/trunks/provider';
const BASE = { uri: 'sip:provider.example', username: 'us', password: 'the password' };

describe('settings of trunks', () => {
  let server: InProcessServer;
  let gateway: GatewayLink;

  before(async () => {
    server = await InProcessServer.start({
      'outbound.allowRanges': '127.0.0.1',
      'outbound.allowHttp': 'true',
    });
    gateway = await GatewayLink.connect({ url: server.url, identity: await newGatewayIdentity(server) });
  });
  after(async () => {
    gateway.close();
    await server.close();
  });

  /** Changes the trunk; returns what the gateway gets. */
  async function put(settings: object): Promise<TelephonyConfig['trunks'][number] | undefined> {
    const applied = new Promise<TelephonyConfig>((resolve) => gateway.once('config', resolve));
    const { status, body } = await server.api('PUT', TRUNK, { ...BASE, ...settings });
    assert.equal(status, 200, JSON.stringify(body));
    return (await applied).trunks[0];
  }

  it('groups of settings are kept until they are given, and an empty group resets them', async () => {
    const identity = { header: 'P-Asserted-Identity', number: '+493012', trustAsserted: true } as const;
    const defaults = { anonymousFrom: true, forwarded: 'Diversion', trustAsserted: false } as const;
    assert.equal((await put({}))?.identity, undefined);
    assert.deepEqual((await put({ identity }))?.identity, { ...defaults, ...identity });
    assert.deepEqual((await put({ maxCalls: 5 }))?.identity, { ...defaults, ...identity });
    assert.deepEqual((await put({ identity: {} }))?.identity, defaults);
    const numbers = { countryCode: '49', outgoing: 'e164' } as const;
    assert.equal((await put({ numbers }))?.numbers?.outgoing, 'e164');
    assert.equal((await put({ identity }))?.numbers?.outgoing, 'e164');
    assert.equal((await put({ numbers: {} }))?.numbers?.outgoing, 'unchanged');
    assert.deepEqual((await put({ limits: { deny: ['+53'] } }))?.limits?.deny, ['+53']);
    assert.deepEqual((await put({ maxCalls: 7 }))?.limits?.deny, ['+53'], 'threat 19: limits stay');
    assert.deepEqual((await put({ limits: {} }))?.limits?.deny, []);
  });

  it('the password is kept only for the same account', async () => {
    const { password: _omitted, ...rest } = BASE;
    await put({});
    assert.equal((await put({ ...rest, password: undefined }))?.password, BASE.password);
    assert.equal((await put({ password: undefined, authUsername: 'other' }))?.password, undefined);
  });

  it('wrong settings are refused by their names', async () => {
    for (const [settings, field] of [
      [{ identity: { header: 'From' } }, 'identity/header'],
      [{ identity: { number: '+49 30' } }, 'identity/number'],
      [{ identity: { number: '1>\r\nX: y' } }, 'identity/number'],
      [{ identity: { privacy: 'all' } }, 'identity/privacy'],
      [{ identity: { displayName: '\u202e' } }, 'identity/displayName'],
      [{ numbers: { outgoing: 'e164' } }, 'numbers/countryCode'],
      [{ numbers: { countryCode: '+49' } }, 'numbers/countryCode'],
      [{ numbers: { outgoingPrefix: 'a' } }, 'numbers/outgoingPrefix'],
      [{ contacts: [{ uri: 'pbx.example' }] }, 'contacts/0/uri'],
      [{ contacts: [{ uri: 'sip:pbx.example', weight: -1 }] }, 'contacts/0/weight'],
      [{ proxy: 'sip:pbx.example:99999' }, 'proxy'],
      [{ pingSeconds: 1 }, 'pingSeconds'],
      [{ headers: [{ header: 'From', attribute: 'a' }] }, 'headers/0/header'],
      [{ codecs: ['mp3'] }, 'codecs/0'],
      [{ limits: { callsPerSecond: 0 } }, 'limits/callsPerSecond'],
      [{ limits: { deny: ['*1 2'] } }, 'limits/deny/0'],
      [{ limits: { timeZone: 'Mars/Olympus' } }, 'limits/timeZone'],
      [{ limits: { hours: [{ from: '24:00' }] } }, 'limits/hours/0/from'],
      [{ limits: { prices: [{ prefix: '+53', perMinute: -1 }] } }, 'limits/prices/0/perMinute'],
      [{ limits: { emergencyNumbers: ['+112'] } }, 'limits/emergencyNumbers/0'],
    ] as const) {
      const { status, body } = await server.api('PUT', TRUNK, { ...BASE, ...settings });
      const { error } = body as { error: { code: string; detail: string } };
      assert.deepEqual([status, error.code], [400, 'BAD_REQUEST']);
      assert.ok(error.detail.includes(field), `${field}: ${error.detail}`);
    }
  });

  it('a call may withhold its caller', async () => {
    const rule = { direction: 'outgoing', pattern: '0*', action: { type: 'trunk', trunk: 'provider' } };
    await server.api('PUT', '/api/sip/dial-plan', { rules: [rule] });
    const dialled = new Promise<EventData<'gateway.dial'>>((resolve) => gateway.once('dial', resolve));
    await server.api('POST', '/api/sip/calls', { roomId: 'team', target: '030123', withheld: true });
    assert.equal((await dialled).withheld, true);
  });

  it('threat 19: numbers that the trunk bars are refused at once, each with its reason', async () => {
    const rules = [
      { direction: 'outgoing', pattern: '9*', action: { type: 'trunk', trunk: 'provider', stripDigits: 1 } },
      { direction: 'outgoing', pattern: '0*', action: { type: 'trunk', trunk: 'provider' } },
    ];
    await server.api('PUT', '/api/sip/dial-plan', { rules });
    await put({ numbers: { countryCode: '49' }, limits: { allow: ['+49'], deny: ['0900'] } });
    const code = async (target: string) => {
      const { body } = await server.api('POST', '/api/sip/calls', { roomId: 'team', target });
      return (body as { error?: { code: string } }).error?.code;
    };
    assert.equal(await code('030123456'), undefined);
    for (const target of ['0900123', 'tel:0-900-123', 'sip:00%349900123@x', '0053712345', '90053712345']) {
      assert.equal(await code(target), 'TRUNK_NUMBER_BARRED', target);
    }
    for (const target of ['112', '9112', '0110', 'tel:911', 'sip:112@elsewhere']) {
      assert.equal(await code(target), 'EMERGENCY_CALL_REFUSED', target);
    }
    assert.equal(await code('555'), 'CALL_REFUSED');
    await put({
      limits: {
        hours: [
          { from: '00:00', until: '00:01', days: [1] },
          { from: '00:00', until: '00:01', days: [3] },
        ],
      },
    });
    const isOpen = new Date().getUTCHours() + new Date().getUTCMinutes() === 0;
    assert.equal(await code('030123456'), isOpen ? undefined : 'TRUNK_NUMBER_BARRED');
    await put({ limits: { emergencyNumbers: [] } });
    assert.equal(await code('9112'), undefined, 'the operator answers for it');
  });

  it('threat 19: usage is kept for the next gateway, only grows, and is shown', async () => {
    const day = new Date().toISOString().slice(0, 10);
    const total = { trunk: 'provider', day, prefix: null, seconds: 90, cost: 2 };
    const ofPrefix = { ...total, prefix: '+53', cost: 1.5 };
    await gateway.trunksUsed([total, ofPrefix]);
    await gateway.trunksUsed([{ ...total, seconds: 60 }]);
    const shown = (await server.api('GET', '/api/sip/trunks')).body as { trunks: Array<{ usage: object[] }> };
    const { trunk: _name, ...used } = total;
    assert.deepEqual(shown.trunks[0]?.usage, [used, { ...used, prefix: '+53', cost: 1.5 }]);
    const again = new Promise<TelephonyConfig>((resolve) => gateway.once('config', resolve));
    gateway.reconnect();
    assert.deepEqual((await again).usage, [total, ofPrefix]);
  });

  it('an alarm reaches the webhooks that ask for it', async () => {
    const alarm = {
      trunk: 'provider',
      kind: 'cost',
      prefix: '+53',
      level: 'reached',
      used: 3,
      max: 3,
    } as const;
    const receiver = createServer();
    receiver.listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    try {
      const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
      const hook = { name: 'alarms', url, events: ['trunk.alarm'] };
      assert.equal((await server.api('POST', '/api/webhooks', hook)).status, 200);
      let request = once(receiver, 'request') as Promise<[IncomingMessage, ServerResponse]>;
      const received = async () => {
        const [message, answer] = await request;
        const { type, data } = JSON.parse(await text(message)) as { type: string; data: object };
        answer.writeHead(204).end();
        assert.equal(type, 'trunk.alarm');
        return data;
      };
      await gateway.trunkAlarm(alarm);
      assert.deepEqual(await received(), alarm);
      // Barred numbers are counted by the server already.
      await put({ limits: { deny: ['0900'] } });
      request = once(receiver, 'request') as Promise<[IncomingMessage, ServerResponse]>;
      for (let count = 0; count < 10; count += 1) {
        await server.api('POST', '/api/sip/calls', { roomId: 'team', target: '0900123' });
      }
      assert.deepEqual(await received(), { ...alarm, kind: 'numbers', prefix: null, used: 10, max: 10 });
    } finally {
      receiver.close();
    }
  });

  it('threat 38: what SIP messages say is stored and shown as text', async () => {
    const texts = [
      "'; DROP TABLE calls; --",
      '=HYPERLINK("http://x")',
      '"><script>',
      'a\nb',
      '../../x',
      '%s%n',
    ];
    for (const [index, remote] of texts.entries()) {
      await gateway.record({
        callId: randomUUID(),
        direction: 'incoming',
        remote,
        dialled: remote,
        trunk: 'provider',
        roomId: null,
        codec: null,
        encryption: null,
        startedAtMs: Date.now() + index,
        answeredAtMs: null,
        endedAtMs: Date.now() + index,
        endCause: 'refused',
        sipStatus: 404,
        mos: null,
        quality: null,
        attributes: { customer: remote },
      });
    }
    const { body } = await server.api('GET', `/api/sip/calls?limit=${texts.length}`);
    const { calls } = body as { calls: Array<{ remote: string; attributes: { customer: string } }> };
    assert.deepEqual(
      calls.map(({ remote, attributes }) => [remote, attributes.customer]).reverse(),
      texts.map((text) => [text, text]),
    );
  });
});
