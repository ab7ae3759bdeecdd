import assert from 'node:assert/strict';
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
    server = await InProcessServer.start();
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
});
