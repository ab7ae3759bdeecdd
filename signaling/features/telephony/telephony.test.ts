import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, it } from 'node:test';
import {
  CanopyError,
  GatewayLink,
  type GatewayLinkEvents,
  type Identity,
} from '../../../client/sdk/index.ts';
import type {
  CallRecord,
  SavedBinding,
  TelephonyConfig,
  TrunkRegistration,
} from '../../../contract/index.ts';
import { CuttableRelay } from '../../../test/support/cuttable-relay.ts';
import { newGatewayIdentity } from '../../../test/support/gateway-identity.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';
import { eventually } from '../../../test/support/wait.ts';

const startedAtMs = Date.now();
/** How long a request may take where a test waits for that, in milliseconds. */
const REQUEST_MS = 200;

function callOf(more: Partial<CallRecord> = {}): CallRecord {
  return {
    callId: randomUUID(),
    direction: 'incoming',
    remote: 'sip:"><script>@x',
    dialled: '1000',
    trunk: null,
    roomId: 'lobby',
    codec: 'PCMU',
    encryption: 'none',
    startedAtMs,
    answeredAtMs: null,
    endedAtMs: null,
    endCause: null,
    sipStatus: null,
    mos: null,
    quality: null,
    ...more,
  };
}

function heard<N extends keyof GatewayLinkEvents>(link: GatewayLink, name: N): Promise<GatewayLinkEvents[N]> {
  const { promise, resolve, reject } = Promise.withResolvers<GatewayLinkEvents[N]>();
  const timer = setTimeout(() => reject(new Error(`no ${name}`)), 30_000);
  link.once(name, (...args) => {
    clearTimeout(timer);
    resolve(args);
  });
  return promise;
}

describe('telephony', () => {
  let server: InProcessServer;
  /** Between a gateway and the server, where that is to fail. */
  let relay: CuttableRelay;
  let bridge: Identity;
  let member: Identity;
  let guest: Identity;
  let link: GatewayLink | undefined;

  before(async () => {
    relay = await CuttableRelay.open(() => Number(new URL(server.url).port));
    server = await InProcessServer.start({
      'server.origins': [relay.url],
      'limits.participantsPerRoom': 300,
    });
    bridge = await newGatewayIdentity(server);
    member = await newIdentity(server, { role: 'member' });
    guest = await newIdentity(server, { role: 'guest', roomId: 'lobby' });
  });
  after(async () => {
    relay.close();
    await server.close();
  });
  afterEach(() => {
    link?.close();
    link = undefined;
  });

  const connected = async () => {
    link = await GatewayLink.connect({ url: server.url, identity: bridge });
    return link;
  };
  const seated = async (identity: Identity, roomId = 'lobby') => {
    const client = await ProtocolClient.enter(server.url, identity);
    await client.get('room.join', { roomId });
    return client;
  };
  const ok = async (method: string, path: string, body?: unknown) => {
    const answer = await server.api(method, path, body);
    assert.equal(answer.status, 200, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const refused = async (method: string, path: string, body?: unknown, key?: string) => {
    const answer = await server.api(method, path, body, key);
    return [answer.status, (answer.body as { error: { code: string } }).error.code];
  };

  it('starts with a PIN prompt for callers and no permission to call out', async () => {
    assert.deepEqual(await ok('GET', '/api/sip/dial-plan'), {
      rules: [{ direction: 'incoming', pattern: '*', action: { type: 'pin' } }],
    });
    const { config } = await connected();
    assert.deepEqual(config, {
      realm: 'canopy',
      language: 'en',
      phones: [],
      trunks: [],
      dialPlan: [{ direction: 'incoming', pattern: '*', action: { type: 'pin' } }],
      pins: [],
    });
  });

  it('requires the API key for every route', async () => {
    for (const [method, path, body] of [
      ['GET', '/api/sip/phones'],
      ['PUT', '/api/sip/phones/1001', {}],
      ['DELETE', '/api/sip/phones/1001'],
      ['GET', '/api/sip/trunks'],
      ['PUT', '/api/sip/trunks/pstn', { uri: 'sip:x' }],
      ['DELETE', '/api/sip/trunks/pstn'],
      ['GET', '/api/sip/dial-plan'],
      ['PUT', '/api/sip/dial-plan', { rules: [] }],
      ['PUT', '/api/rooms/lobby/pin', { pin: '123456' }],
      ['DELETE', '/api/rooms/lobby/pin'],
      ['GET', '/api/sip/calls'],
      ['GET', `/api/sip/calls/${randomUUID()}/trace`],
      ['POST', '/api/sip/calls', { roomId: 'lobby', target: '1' }],
      ['DELETE', `/api/sip/calls/${randomUUID()}`],
      ['POST', `/api/sip/calls/${randomUUID()}/transfer`, { target: '1' }],
    ] as const) {
      assert.deepEqual(await refused(method, path, body, 'wrong'), [401, 'API_KEY_INVALID'], path);
    }
  });

  it('generates the password of a phone once, stores only digests, and notifies the gateway', async () => {
    const gateway = await connected();
    const told = heard(gateway, 'config');
    const { password } = (await ok('PUT', '/api/sip/phones/1001', { displayName: 'Desk' })) as {
      password: string;
    };
    assert.match(password, /^[A-Za-z0-9]{20}$/);
    const [config] = await told;
    const ha1 = (algorithm: string) => createHash(algorithm).update(`1001:canopy:${password}`).digest('hex');
    assert.deepEqual(config.phones, [
      {
        username: '1001',
        displayName: 'Desk',
        ha1: { md5: ha1('md5'), sha256: ha1('sha256') },
        srtp: 'preferred',
        keying: 'sdes',
        ice: 'accept',
      },
    ]);
    assert.deepEqual(await ok('GET', '/api/sip/phones'), {
      phones: [{ username: '1001', displayName: 'Desk', srtp: 'preferred', keying: 'sdes', ice: 'accept' }],
    });
    assert.deepEqual(await ok('PUT', '/api/sip/phones/1001', { password: 'chosen by hand' }), {
      username: '1001',
      realm: 'canopy',
      srtp: 'preferred',
      keying: 'sdes',
      ice: 'accept',
    });
    assert.deepEqual(await refused('PUT', '/api/sip/phones/1001', { password: 'short' }), [
      400,
      'BAD_REQUEST',
    ]);
    assert.deepEqual(await refused('PUT', '/api/sip/phones/a%3Ab', {}), [400, 'BAD_REQUEST']);
    await ok('DELETE', '/api/sip/phones/1001');
    assert.deepEqual(await refused('DELETE', '/api/sip/phones/1001'), [404, 'NOT_FOUND']);
  });

  it('threat 21: whether a phone or trunk must encrypt, and uses ICE, is kept until it is changed on purpose', async () => {
    const gateway = await connected();
    const uri = 'sip:pbx.example;transport=tls';
    const applied = async (act: () => Promise<unknown>) => {
      const told = heard(gateway, 'config');
      await act();
      const [{ phones, trunks }] = await told;
      return [...phones, ...trunks].map(({ srtp, keying, ice }) =>
        [srtp, keying === 'sdes' ? '' : keying, ice === 'accept' ? '' : ice].filter(Boolean).join(' '),
      );
    };
    const phone = (body: object) => applied(() => ok('PUT', '/api/sip/phones/1009', body));
    const trunk = (body: object) => applied(() => ok('PUT', '/api/sip/trunks/secure', { uri, ...body }));
    assert.deepEqual(await phone({}), ['preferred']);
    assert.deepEqual(await phone({ srtp: 'required' }), ['required']);
    assert.deepEqual(await phone({ displayName: 'Desk' }), ['required']);
    assert.deepEqual(await trunk({}), ['required', 'preferred']);
    assert.deepEqual(await trunk({ srtp: 'required' }), ['required', 'required']);
    assert.deepEqual(await trunk({ maxCalls: 5 }), ['required', 'required']);
    assert.deepEqual(await phone({ srtp: 'off' }), ['off', 'required']);
    assert.deepEqual(await phone({ ice: 'offer' }), ['off offer', 'required']);
    assert.deepEqual(await trunk({ ice: 'off' }), ['off offer', 'required off']);
    assert.deepEqual(await phone({}), ['off offer', 'required off']);
    assert.deepEqual(await trunk({}), ['off offer', 'required off']);
    assert.deepEqual(await refused('PUT', '/api/sip/phones/1009', { srtp: 'yes' }), [400, 'BAD_REQUEST']);
    assert.deepEqual(await phone({ keying: 'dtls' }), ['off dtls offer', 'required off']);
    assert.deepEqual(await trunk({ keying: 'dtls' }), ['off dtls offer', 'required dtls off']);
    assert.deepEqual(await phone({}), ['off dtls offer', 'required dtls off']);
    assert.deepEqual(await trunk({}), ['off dtls offer', 'required dtls off']);
    assert.deepEqual(await refused('PUT', '/api/sip/phones/1009', { ice: 'yes' }), [400, 'BAD_REQUEST']);
    await ok('DELETE', '/api/sip/phones/1009');
    await ok('DELETE', '/api/sip/trunks/secure');
  });

  it('never shows the password of a trunk, and keeps it through changes', async () => {
    const gateway = await connected();
    const trunk = { uri: 'sip:pbx.example', username: 'us', password: 'secret of the trunk', register: true };
    const shown = await ok('PUT', '/api/sip/trunks/pstn', trunk);
    assert.ok(!JSON.stringify([shown, await ok('GET', '/api/sip/trunks')]).includes('secret'));
    const told = heard(gateway, 'config');
    await ok('PUT', '/api/sip/trunks/pstn', { uri: 'sip:other.example', username: 'us', register: true });
    const [{ trunks }] = await told;
    assert.deepEqual([trunks[0]?.uri, trunks[0]?.password], ['sip:other.example', trunk.password]);
    assert.deepEqual(
      await refused('PUT', '/api/sip/trunks/pstn', { uri: 'sip:x', username: 'another', register: true }),
      [400, 'BAD_REQUEST'],
    );
    const rule = { direction: 'outgoing', pattern: '0*', action: { type: 'trunk', trunk: 'pstn' } };
    await ok('PUT', '/api/sip/dial-plan', { rules: [rule] });
    assert.deepEqual(await refused('DELETE', '/api/sip/trunks/pstn'), [400, 'BAD_REQUEST']);
    await ok('PUT', '/api/sip/dial-plan', { rules: [] });
    await ok('DELETE', '/api/sip/trunks/pstn');
  });

  it('refuses inconsistent dial plans', async () => {
    for (const rule of [
      { direction: 'outgoing', pattern: '*', action: { type: 'trunk', trunk: 'none' } },
      { direction: 'outgoing', pattern: '*', action: { type: 'pin' } },
      { direction: 'incoming', pattern: '*', action: { type: 'trunk', trunk: 'pstn' } },
      { direction: 'incoming', pattern: '', action: { type: 'pin' } },
      { direction: 'incoming', pattern: '1', action: { type: 'room', roomId: 'lobby', pin: 'abc' } },
    ]) {
      assert.deepEqual(
        await refused('PUT', '/api/sip/dial-plan', { rules: [rule] }),
        [400, 'BAD_REQUEST'],
        JSON.stringify(rule),
      );
    }
  });

  it('gives each PIN to one room', async () => {
    await ok('PUT', '/api/rooms/lobby/pin', { pin: '123456' });
    await ok('PUT', '/api/rooms/lobby/pin', { pin: '654321' });
    await ok('PUT', `/api/rooms/${encodeURIComponent('salón')}/pin`, { pin: '123456' });
    assert.deepEqual(await refused('PUT', '/api/rooms/board/pin', { pin: '654321' }), [409, 'PIN_TAKEN']);
    assert.deepEqual(await refused('PUT', '/api/rooms/board/pin', { pin: '123' }), [400, 'BAD_REQUEST']);
    const { config } = await connected();
    assert.deepEqual(config.pins, [
      { pin: '654321', roomId: 'lobby' },
      { pin: '123456', roomId: 'salón' },
    ]);
    await ok('DELETE', '/api/rooms/lobby/pin');
    await ok('DELETE', `/api/rooms/${encodeURIComponent('salón')}/pin`);
    assert.deepEqual(await refused('DELETE', '/api/rooms/lobby/pin'), [404, 'NOT_FOUND']);
  });

  it('threat 58: refuses a new PIN of fewer than six digits', async () => {
    assert.deepEqual(await refused('PUT', '/api/rooms/lobby/pin', { pin: '12345' }), [400, 'PIN_TOO_SHORT']);
    const rules = (pin: string) => ({
      rules: [{ pattern: '1', action: { type: 'room', roomId: 'lobby', pin } }],
    });
    assert.deepEqual(await refused('PUT', '/api/sip/dial-plan', rules('1234')), [400, 'PIN_TOO_SHORT']);
    await ok('PUT', '/api/sip/dial-plan', rules('123456'));
    await ok('PUT', '/api/sip/dial-plan', { rules: [] });
  });

  it('passes a call on to the gateway, and its failure back to the requester', async () => {
    await ok('PUT', '/api/sip/phones/1001', {});
    const person = await seated(member);
    assert.equal(await person.refusal('call.dial', { target: '1001' }), 'GATEWAY_MISSING');
    const gateway = await connected();
    const asked = heard(gateway, 'dial');
    const { callId } = await person.get('call.dial', { target: 'sip:1001@here', displayName: 'Desk' });
    assert.deepEqual(await asked, [
      { callId, roomId: 'lobby', target: 'sip:1001@here', displayName: 'Desk', caller: 'Ann' },
    ]);
    await gateway.dialFailed(callId, new CanopyError('CALL_FAILED', '486 Busy Here'));
    const { error } = await person.event('call.failed', (event) => event.callId === callId);
    assert.deepEqual([error.code, error.detail], ['CALL_FAILED', '486 Busy Here']);
    await gateway.dialFailed(callId, new CanopyError('CALL_FAILED'));
    const { callId: lost } = await person.get('call.dial', { target: '1001' });
    gateway.reconnect();
    const { error: gone } = await person.event('call.failed', (event) => event.callId === lost);
    assert.equal(gone.code, 'GATEWAY_MISSING', 'the gateway came back without the call');
    await person.get('room.leave', {});
    assert.equal(person.count('call.failed'), 2, 'each failure is told once');
    person.close();

    const askedAgain = heard(gateway, 'dial');
    const body = (await ok('POST', '/api/sip/calls', { roomId: 'team', target: '1001' })) as object;
    assert.deepEqual({ ...body, roomId: 'team', target: '1001', displayName: '1001' }, (await askedAgain)[0]);
    await ok('DELETE', '/api/sip/phones/1001');
  });

  it('shows a called phone with its display name', async () => {
    await ok('PUT', '/api/sip/phones/1001', { displayName: 'Front desk' });
    const asked = heard(await connected(), 'dial');
    await ok('POST', '/api/sip/calls', { roomId: 'team', target: '1001' });
    assert.equal((await asked)[0]?.displayName, 'Front desk');
    await ok('DELETE', '/api/sip/phones/1001');
  });

  it('threat 19: refuses what the dial plan does not permit, and many calls at once', async () => {
    await connected();
    const person = await seated(await newIdentity(server));
    for (let count = 0; count < 10; count += 1) {
      assert.equal(await person.refusal('call.dial', { target: '0900123' }), 'CALL_REFUSED');
    }
    assert.equal(await person.refusal('call.dial', { target: '0900123' }), 'RATE_LIMITED');
    assert.deepEqual(await refused('POST', '/api/sip/calls', { roomId: 'lobby', target: '0900' }), [
      403,
      'CALL_REFUSED',
    ]);
    await person.get('room.leave', {});
    person.close();
  });

  it('keeps the history of calls, latest first, and hangs up calls in progress', async () => {
    const gateway = await connected();
    const going = callOf({ startedAtMs: startedAtMs + 2 });
    const over = callOf({
      startedAtMs: startedAtMs + 1,
      endedAtMs: startedAtMs + 9,
      endCause: 'remote',
      mos: 4.1,
      quality: { jitterMs: 2.5, lossFraction: 0.01, remoteLossFraction: null, roundTripMs: 40 },
    });
    await gateway.record(going);
    await gateway.record(over);
    await gateway.record({ ...over, endedAtMs: null, endCause: null });
    await gateway.record({ ...going, answeredAtMs: startedAtMs + 3 });
    const answered = { ...going, answeredAtMs: startedAtMs + 3 };
    const calls = async (query = '') =>
      ((await ok('GET', `/api/sip/calls${query}`)) as { calls: unknown }).calls;
    assert.deepEqual(await calls(), [answered, over]);
    assert.deepEqual(await calls('?active=true'), [answered]);
    assert.deepEqual(await calls('?active=false'), [over]);
    assert.deepEqual(await calls('?limit=1'), [answered]);
    assert.deepEqual(await calls(`?after=${going.callId}`), [over]);
    assert.deepEqual(await calls(`?until=${going.startedAtMs}&mosBelow=4.2&result=failed`), [over]);
    assert.deepEqual(await calls('?mosBelow=4'), []);
    // PostgreSQL's column of times takes neither.
    for (const query of ['limit=0', 'since=0.5', 'until=1e300', 'after=1', 'result=odd']) {
      assert.deepEqual(await refused('GET', `/api/sip/calls?${query}`), [400, 'BAD_REQUEST'], query);
    }

    const measured = {
      mos: 4.3,
      quality: { jitterMs: 1, lossFraction: 0, remoteLossFraction: 0.5, roundTripMs: null },
    };
    await gateway.measured([
      { callId: going.callId, ...measured },
      { callId: over.callId, ...measured },
    ]);
    assert.deepEqual(
      await calls(),
      [{ ...answered, ...measured }, over],
      'of a call in progress, as it is now',
    );
    await gateway.measured([]);
    assert.deepEqual(await calls(), [answered, over]);

    const told = heard(gateway, 'hang-up');
    await ok('DELETE', `/api/sip/calls/${going.callId}`);
    assert.deepEqual(await told, [{ callId: going.callId }]);
    assert.deepEqual(await refused('DELETE', `/api/sip/calls/${over.callId}`), [404, 'NOT_FOUND']);
    assert.deepEqual(await refused('DELETE', `/api/sip/calls/${randomUUID()}`), [404, 'NOT_FOUND']);

    const back = heard(gateway, 'config');
    gateway.reconnect();
    await back;
    assert.deepEqual(await calls('?active=true'), [answered], 'the same gateway has its calls still');
    gateway.close();
    await connected();
    assert.deepEqual(await calls('?active=true'), [], 'a new one has none of them');
  });

  it('shows the SIP messages of a call, as the gateway has them', async () => {
    const gateway = await connected();
    const { callId } = callOf();
    const path = `/api/sip/calls/${callId}/trace`;
    assert.deepEqual(await refused('GET', path), [404, 'NOT_FOUND']);
    await gateway.record({ ...callOf(), callId });
    const messages = ['INVITE', 'SIP/2.0 200 OK'].map((text, index) => ({
      atMs: startedAtMs + index,
      sent: index === 1,
      overTcp: false,
      local: { address: '127.0.0.1', port: 5060 },
      remote: { address: '127.0.0.2', port: 5062 },
      text,
    }));
    gateway.on('trace', (request) => {
      assert.equal(request.callId, callId);
      void gateway.traced(request.traceId, messages);
    });
    assert.deepEqual(await ok('GET', path), { messages });
    gateway.close();
    await eventually(
      'the gateway is gone',
      async () => (await refused('GET', path))[1] === 'GATEWAY_MISSING',
    );
  });

  it('shows the registrations of trunks as reported by the gateway in charge, also after it reconnects, and forgets them when it is gone', async () => {
    const shown = async (name: string) => {
      const { trunks } = (await ok('GET', '/api/sip/trunks')) as {
        trunks: Array<{ name: string; registration: TrunkRegistration | null }>;
      };
      return trunks.find((trunk) => trunk.name === name)?.registration;
    };
    const trunk = { uri: 'sip:pbx.example', username: 'us', password: 'secret', register: true };
    await ok('PUT', '/api/sip/trunks/one', trunk);
    await ok('PUT', '/api/sip/trunks/two', trunk);
    assert.equal(await shown('one'), null);
    const gateway = await connected();
    const registered = { state: 'registered', expiresAtMs: startedAtMs + 1, lastFailure: null } as const;
    const lastFailure = { atMs: startedAtMs, sipStatus: 403, reason: 'Forbidden' };
    const failed = { state: 'failed', expiresAtMs: null, lastFailure } as const;
    await gateway.trunksRegistered([
      { trunk: 'one', ...registered },
      { trunk: 'two', ...failed },
    ]);
    assert.deepEqual([await shown('one'), await shown('two')], [registered, failed]);
    await gateway.trunksRegistered([{ trunk: 'two', ...failed }]);
    assert.deepEqual([await shown('one'), await shown('two')], [null, failed]);

    const back = heard(gateway, 'config');
    gateway.reconnect();
    await back;
    assert.deepEqual(await shown('two'), failed);
    const { registration } = (await ok('PUT', '/api/sip/trunks/two', trunk)) as { registration: unknown };
    assert.equal(registration, null, 'it was told of the trunk as it was');

    gateway.close();
    await eventually('the gateway is gone', async () => (await shown('two')) === null);
    await connected();
    assert.equal(await shown('two'), null, 'another gateway has told nothing yet');
    await ok('DELETE', '/api/sip/trunks/one');
    await ok('DELETE', '/api/sip/trunks/two');
  });

  it('keeps the registrations that the gateway saved for its next start, until the phone or trunk changes', async () => {
    const binding = (more: Partial<SavedBinding> = {}): SavedBinding => ({
      contact: 'sip:501@192.0.2.1:5060',
      callId: 'c',
      sequence: 7,
      instance: '<urn:uuid:1>',
      regId: 2,
      path: ['<sip:edge.example;lr;ob>'],
      registeredAtMs: startedAtMs,
      expiresAtMs: startedAtMs + 3_600_000,
      q: 1,
      address: '192.0.2.1',
      port: 5060,
      userAgent: 'A \0 phone',
      ...more,
    });
    const registration = {
      instance: 'urn:uuid:2',
      callId: 't',
      sequence: 3,
      addresses: ['192.0.2.9'],
      expiresAtMs: startedAtMs + 600_000,
    };
    const trunk = { uri: 'sip:pbx.example', username: 'us', password: 'secret', register: true };
    const names = Array.from({ length: 120 }, (_, n) => `5${String(n).padStart(3, '0')}`);
    for (const name of [...names, '501', '502']) {
      await ok('PUT', `/api/sip/phones/${name}`, { password: 'a-secret-of-twelve' });
    }
    await ok('PUT', '/api/sip/trunks/kept', trunk);
    const gateway = await connected();
    for (const name of names) {
      gateway.saved.phone(name, [binding({ contact: `sip:${'x'.repeat(480)}@h` })]);
    }
    gateway.saved.phone('501', [
      binding(),
      binding({ contact: 'sip:501@[2001:db8::1]', address: '2001:db8::1' }),
    ]);
    gateway.saved.phone('502', [binding({ expiresAtMs: startedAtMs - 1 })]);
    gateway.saved.phone('nobody', [binding()]);
    gateway.saved.trunk('kept', registration);
    gateway.saved.trunk('none', registration);
    await gateway.saved.settled();
    gateway.close();

    const loaded = async () => {
      const next = await connected();
      const { phones, trunks } = await next.saved.load();
      next.close();
      return { phones: new Map(phones.map(({ username, bindings }) => [username, bindings])), trunks };
    };
    const { phones, trunks } = await loaded();
    assert.equal(phones.size, names.length + 1, 'all pages; not the expired one and not that of nobody');
    assert.deepEqual(
      phones.get('501')?.map(({ address }) => address),
      ['192.0.2.1', '2001:db8::1'],
    );
    assert.deepEqual(phones.get('501')?.[0], binding());
    assert.deepEqual(trunks, [{ trunk: 'kept', registration }]);

    await ok('PUT', '/api/sip/phones/501', { password: 'another-of-twelve', displayName: 'New' });
    await ok('PUT', `/api/sip/phones/${names[0]}`, { password: 'a-secret-of-twelve', displayName: 'New' });
    await ok('DELETE', `/api/sip/phones/${names[1]}`);
    await ok('PUT', '/api/sip/trunks/kept', { ...trunk, uri: 'sip:other.example' });
    const after = await loaded();
    assert.equal(after.phones.has('501'), false, 'another password');
    assert.equal(after.phones.has(names[0] ?? ''), true, 'only another name');
    assert.equal(after.phones.has(names[1] ?? ''), false, 'deleted');
    assert.deepEqual(after.trunks, []);

    const last = await connected();
    last.saved.phone(names[2] ?? '', []);
    await last.saved.settled();
    assert.equal((await loaded()).phones.has(names[2] ?? ''), false, 'the phone unregistered');
    for (const name of [...names.filter((name) => name !== names[1]), '501', '502']) {
      await ok('DELETE', `/api/sip/phones/${name}`);
    }
    await ok('DELETE', '/api/sip/trunks/kept');
  });

  describe('a gateway whose connection fails', () => {
    const connectedByRelay = async () => {
      link = await GatewayLink.connect({ url: relay.url, identity: bridge, requestTimeoutMs: REQUEST_MS });
      return link;
    };
    /** Lets the requests of before run out of their time. */
    const timeOut = () => {
      const untilMs = performance.now() + 3 * REQUEST_MS;
      return eventually('requests have had their time', () => performance.now() > untilMs);
    };
    const ends = async (...calls: CallRecord[]) => {
      const history = ((await ok('GET', '/api/sip/calls?limit=1000')) as { calls: CallRecord[] }).calls;
      return calls.map(({ callId }) => history.find((call) => call.callId === callId)?.endCause);
    };
    const ended = (call: CallRecord, endCause: string) => ({
      ...call,
      endedAtMs: startedAtMs + 50,
      endCause,
    });

    for (const [how, fail, mend] of [
      ['is refused', () => relay.refuse(), () => relay.allow()],
      ['is dead without a word', () => relay.silence(), () => link?.reconnect()],
    ] as const) {
      it(`reports the calls that came and went while it ${how}, each with its outcome`, async () => {
        const gateway = await connectedByRelay();
        const before = callOf();
        const cancelled = callOf();
        await gateway.record(before);
        fail();
        const told = [
          gateway.record(cancelled),
          gateway.record(ended(before, 'remote')),
          gateway.record(ended(cancelled, 'cancelled')),
        ];
        await timeOut();
        mend();
        await Promise.all(told);
        assert.deepEqual(await ends(before, cancelled), ['remote', 'cancelled']);
      });
    }

    it('notifies the requester of a call that failed meanwhile', async () => {
      await ok('PUT', '/api/sip/phones/1001', { password: 'a-secret-of-twelve' });
      const gateway = await connectedByRelay();
      const person = await seated(member);
      const { callId } = await person.get('call.dial', { target: '1001' });
      await gateway.record(callOf({ callId }));
      relay.refuse();
      const told = [
        gateway.record(ended(callOf({ callId }), 'busy')),
        gateway.dialFailed(callId, new CanopyError('CALL_FAILED', '486 Busy Here')),
      ];
      await timeOut();
      relay.allow();
      await Promise.all(told);
      const { error } = await person.event('call.failed', (event) => event.callId === callId);
      assert.equal(error.detail, '486 Busy Here');
      await person.get('room.leave', {});
      person.close();
      await ok('DELETE', '/api/sip/phones/1001');
    });

    it('reports more calls at once than its rate limit allows, one after the other', async () => {
      const gateway = await connected();
      const calls = Array.from({ length: 400 }, () => callOf());
      await Promise.all(calls.map((call) => gateway.record(ended(call, 'cancelled'))));
      assert.deepEqual(new Set(await ends(...calls)), new Set(['cancelled']));
    });

    it('drops the oldest beyond its maximum of pending reports, and all of them when it is closed', async () => {
      const gateway = await connectedByRelay();
      relay.refuse();
      const [oldest, ...others] = Array.from({ length: 4001 }, () => gateway.record(callOf()));
      await assert.rejects(oldest as Promise<void>, { code: 'SERVER_BUSY' });
      gateway.close();
      await gateway.settled();
      for (const { status } of await Promise.allSettled(others)) {
        assert.equal(status, 'rejected');
      }
      relay.allow();
    });
  });

  it('puts the newest gateway in charge', async () => {
    const first = await connected();
    const ended = heard(first, 'state');
    await connected();
    const [state, error] = await ended;
    assert.deepEqual([state, error?.code], ['closed', 'SESSION_REPLACED']);
    await assert.rejects(first.record(callOf()), { code: 'CONNECTION_LOST' });
  });

  describe('threat 5: rights', () => {
    it('threat 65: another bridge gets no secrets of phones and replaces no gateway', async () => {
      const gateway = await connected();
      const program = await ProtocolClient.enter(server.url, await newIdentity(server, { role: 'bridge' }));
      assert.equal(await program.refusal('gateway.register', {}), 'FORBIDDEN');
      assert.equal(await program.refusal('gateway.record', callOf()), 'FORBIDDEN');
      await gateway.record(callOf());
      program.close();
    });

    it('only a bridge without a seat can be a gateway, and only the one in charge may report calls', async () => {
      const person = await seated(member);
      for (const [name, data] of [
        ['gateway.register', {}],
        ['gateway.record', callOf()],
        ['gateway.dialFailed', { callId: randomUUID(), error: { code: 'X', message: 'x' } }],
        ['gateway.trunks', { registrations: [] }],
        ['gateway.quality', { calls: [] }],
        ['gateway.traced', { traceId: randomUUID(), message: null }],
        ['gateway.saveRegistrations', { phones: [], trunks: [] }],
        ['gateway.loadRegistrations', {}],
      ] as const) {
        assert.equal(await person.refusal(name, data), 'FORBIDDEN', name);
      }
      const idle = await seated(bridge);
      assert.equal(await idle.refusal('gateway.register', {}), 'ROOM_ALREADY_JOINED');
      assert.equal(await idle.refusal('gateway.record', callOf()), 'FORBIDDEN');
      for (const client of [person, idle]) {
        await client.get('room.leave', {});
        client.close();
      }
    });

    it('guests, bridges and people without a seat cannot call, mute or kick', async () => {
      const target = await seated(member);
      const { participants } = await (async () => {
        const other = await ProtocolClient.enter(server.url, guest);
        const joined = await other.get('room.join', { roomId: 'lobby' });
        await other.get('room.leave', {});
        other.close();
        return joined;
      })();
      const participantId = participants[0]?.participantId;
      const requests = [
        ['call.dial', { target: '1001' }],
        ['participant.mute', { participantId, muted: true }],
        ['participant.kick', { participantId }],
      ] as const;
      for (const identity of [guest, bridge]) {
        const client = await seated(identity);
        for (const [name, data] of requests) {
          assert.equal(await client.refusal(name, data), 'FORBIDDEN', name);
        }
        await client.get('room.leave', {});
        client.close();
      }
      const elsewhere = await ProtocolClient.enter(server.url, member);
      for (const [name, data] of requests) {
        assert.equal(await elsewhere.refusal(name, data), 'ROOM_NOT_JOINED', name);
      }
      await elsewhere.get('room.join', { roomId: 'elsewhere' });
      for (const [name, data] of requests.slice(1)) {
        assert.equal(await elsewhere.refusal(name, data), 'PARTICIPANT_UNKNOWN', `${name} across rooms`);
      }
      assert.equal(target.count('participant.action'), 0);
      for (const client of [elsewhere, target]) {
        await client.get('room.leave', {});
        client.close();
      }
    });

    it('only a bridge opens plain transports and hosts participants, and only on this host', async () => {
      const rtpCapabilities = { codecs: [], headerExtensions: [] };
      const open = { address: '127.0.0.1', port: 9, rtpCapabilities };
      const person = await seated(member);
      for (const [name, data] of [
        ['bridge.open', open],
        ['participant.add', { displayName: 'Fake', kind: 'phone' }],
        ['participant.update', { participantId: randomUUID(), displayName: 'Fake' }],
        ['participant.remove', { participantId: randomUUID() }],
      ] as const) {
        assert.equal(await person.refusal(name, data), 'FORBIDDEN', name);
      }
      const host = await seated(bridge);
      assert.equal(await host.refusal('bridge.open', { ...open, address: '192.0.2.1' }), 'BRIDGE_NOT_LOCAL');
      assert.equal(await host.refusal('bridge.open', { ...open, port: 0 }), 'BAD_REQUEST');
      assert.equal(await host.refusal('bridge.open', { ...open, address: 'localhost' }), 'BAD_REQUEST');
      const answers = await Promise.all([host.ask('bridge.open', open), host.ask('bridge.open', open)]);
      assert.deepEqual(answers.map(({ ok }) => ok).sort(), [false, true], 'of two at once one succeeds');
      assert.equal(await host.refusal('transport.create', { direction: 'send' }), 'TRANSPORT_EXISTS');

      const { participantId } = await host.get('participant.add', { displayName: 'Phone', kind: 'phone' });
      const rival = await seated(await newIdentity(server, { role: 'bridge' }));
      for (const [name, data] of [
        ['participant.update', { participantId, displayName: 'Mine' }],
        ['participant.remove', { participantId }],
      ] as const) {
        assert.equal(await rival.refusal(name, data), 'PARTICIPANT_UNKNOWN', name);
      }
      assert.equal(
        await person.refusal('participant.mute', { participantId: randomUUID(), muted: true }),
        'PARTICIPANT_UNKNOWN',
      );
      for (const client of [rival, host, person]) {
        await client.get('room.leave', {});
        client.close();
      }
    });

    it('a bridge hosts no more participants than its limit', async () => {
      const host = await seated(bridge);
      const add = () => host.ask('participant.add', { displayName: 'Phone', kind: 'phone' });
      const answers = await Promise.all(Array.from({ length: 256 }, add));
      assert.ok(answers.every(({ ok }) => ok));
      assert.equal(
        await host.refusal('participant.add', { displayName: 'Phone', kind: 'phone' }),
        'LIMIT_REACHED',
      );
      await host.get('room.leave', {});
      host.close();
    });

    it('only phones can be unmuted by others; a kick takes effect at once', async () => {
      const ann = await seated(member);
      const bob = await ProtocolClient.enter(server.url, guest);
      const { participantId = '' } = await bob.get('room.join', { roomId: 'lobby' });
      assert.equal(await ann.refusal('participant.mute', { participantId, muted: false }), 'FORBIDDEN');
      await ann.get('participant.mute', { participantId, muted: true });
      assert.equal((await bob.event('participant.action')).action, 'mute');
      await ann.get('participant.kick', { participantId });
      assert.equal(await bob.ended(), 'KICKED');
      const { log, ...left } = await ann.event('participant.left');
      assert.deepEqual(left, { participantId, reason: 'kicked' });
      assert.ok(log.seq > 0);
      assert.equal(await ann.refusal('participant.kick', { participantId }), 'PARTICIPANT_UNKNOWN');
      await ann.get('room.leave', {});
      ann.close();
      await eventually('the room is closed', () => server.sfu.gauges().routers === 0);
    });
  });

  it('sends a gateway only the fields of its schema', async () => {
    const { config } = await connected();
    const names: Array<keyof TelephonyConfig> = ['dialPlan', 'language', 'phones', 'pins', 'realm', 'trunks'];
    assert.deepEqual(Object.keys(config).sort(), names);
  });
});
