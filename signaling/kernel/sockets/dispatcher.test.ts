import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { CanopyError, createLogger } from '../../../base/index.ts';
import type { RequestName } from '../../../contract/index.ts';
import type { VerifiedDevice } from '../../identity/index.ts';
import { REQUESTS } from '../../index.ts';
import { NestedBudget } from '../budgets/index.ts';
import { Dispatcher, type Handlers } from './dispatcher.ts';
import { Effort } from './effort.ts';
import type { Session } from './session.ts';

describe('Dispatcher', () => {
  const log = createLogger({ level: 'silent', format: 'json' });
  let calls: string[];
  let failures: string[];
  let outcome: () => Promise<object>;
  let dispatcher: Dispatcher;
  let answerBytes: NestedBudget;

  const session = (deviceId: string | null): Session => ({
    connectionId: 'c',
    connection: { origin: '', send: () => undefined, end: () => undefined },
    address: '::1',
    openedAtMs: 0,
    nonce: null,
    principal:
      deviceId === null
        ? null
        : {
            kind: 'device',
            device: { deviceId } as VerifiedDevice,
            accountId: 'a',
            displayName: 'Ann',
            role: 'member',
            chain: [],
            origin: '',
          },
    holder: { address: '::1', account: 'a' },
    releases: [],
    seat: null,
    stages: new Set(),
    joining: false,
    closed: false,
    log,
  });
  const leave = (deviceId: string | null, id: string, data: unknown = {}) =>
    dispatcher.dispatch(session(deviceId), 'room.leave', { id, data });

  beforeEach(() => {
    calls = [];
    failures = [];
    outcome = async () => ({});
    const handler = (name: string) => async () => {
      calls.push(name);
      return outcome();
    };
    const handlers = Object.fromEntries(Object.keys(REQUESTS).map((name) => [name, handler(name)]));
    answerBytes = new NestedBudget({
      what: 'bytes',
      limits: { device: 20_000, account: 50_000, server: 200_000 },
    });
    const observer = { requested: () => undefined, failed: (code: string) => failures.push(code) };
    dispatcher = new Dispatcher(observer, answerBytes);
    dispatcher.register(REQUESTS, handlers as unknown as Handlers<RequestName>, {
      perConnection: ['auth.prove', 'room.join'],
    });
  });

  it('threat 4: requests whose check takes long are refused once they have taken their share', async () => {
    const observer = { requested: () => undefined, failed: (code: string) => failures.push(code) };
    // Time stands still, so that nothing of it is made up for.
    const costly = new Dispatcher(observer, answerBytes, undefined, new Effort(() => 0));
    costly.register({ 'contact.put': REQUESTS['contact.put'] }, {
      'contact.put': async () => ({ contacts: [] }),
    } as never);
    // Joiners might be part of emoji, so it takes long to decide.
    const number = `1${'\u200d'.repeat(60)}`;
    const contacts = Array.from({ length: 50 }, (_, index) => ({
      contactId: `contact-${index}`,
      name: number,
      phones: Array.from({ length: 20 }, () => ({ number })),
    }));
    for (let sent = 0; !failures.includes('RATE_LIMITED'); sent += 1) {
      assert.ok(sent < 1000);
      await costly.dispatch(session('d'), 'contact.put', { id: `request-${sent}`, data: { contacts } });
    }
    assert.deepEqual(failures, ['RATE_LIMITED']);
  });

  it('returns the first answer for a repeated id, even while it is pending', async () => {
    let count = 0;
    outcome = async () => ({ count: ++count });
    const [first, second] = await Promise.all([leave('d', 'request1'), leave('d', 'request1')]);
    assert.deepEqual(first, { ok: true, result: { count: 1 } });
    assert.deepEqual(second, first);
    assert.deepEqual(await leave('d', 'request1'), first);
    assert.equal(calls.length, 1);
  });

  it('distinguishes devices and requests with the same id', async () => {
    await leave('d', 'request1');
    await leave('e', 'request1');
    await dispatcher.dispatch(session('d'), 'consumer.requestKeyFrame', {
      id: 'request1',
      data: { consumerId: '7d444840-9dc0-11d1-b245-5ffdce74fad2' },
    });
    assert.deepEqual(calls, ['room.leave', 'room.leave', 'consumer.requestKeyFrame']);
  });

  it('reruns a request after a retryable failure, but not after a refusal', async () => {
    outcome = async () => {
      throw new CanopyError('WORKER_UNAVAILABLE');
    };
    assert.equal((await leave('d', 'request1')).ok, false);
    outcome = async () => ({});
    assert.equal((await leave('d', 'request1')).ok, true);
    outcome = async () => {
      throw new CanopyError('FORBIDDEN');
    };
    assert.equal((await leave('d', 'request2')).ok, false);
    outcome = async () => ({});
    assert.equal((await leave('d', 'request2')).ok, false);
  });

  describe('threat 53: cached answers', () => {
    const large = { text: 'x'.repeat(4000) };

    it('of a device that exceeds its share are evicted oldest first', async () => {
      outcome = async () => large;
      for (const id of ['request1', 'request2', 'request3']) {
        await leave('d', id);
      }
      assert.ok(answerBytes.used('device', 'd') <= 20_000);
      calls = [];
      await leave('d', 'request3');
      assert.deepEqual(calls, [], 'the newest is still there');
      await leave('d', 'request1');
      assert.deepEqual(calls, ['room.leave'], 'the oldest is run again');
    });

    it('of an account are bounded, however many devices it has; requests are still answered', async () => {
      outcome = async () => large;
      for (let n = 0; n < 100; n += 1) {
        assert.ok((await leave(`device-${n}`, 'request1')).ok);
        assert.ok(answerBytes.used('account', 'a') <= 50_000);
      }
    });

    it('exclude refusals of malformed requests', async () => {
      const malformed = () => dispatcher.dispatch(session('d'), 'room.join', { id: 'request1', data: {} });
      await malformed();
      await malformed();
      assert.deepEqual(failures, ['BAD_REQUEST', 'BAD_REQUEST'], 'judged each time');
      assert.equal(answerBytes.used('server'), 0);
    });

    it('larger than the whole share are not cached', async () => {
      outcome = async () => ({ text: 'x'.repeat(30_000) });
      await leave('d', 'request1');
      assert.equal(answerBytes.used('server'), 0);
    });
  });

  it('threat 53: a refusal repeats at most 300 characters of a hostile field name', async () => {
    const parameters = { [`${'x'.repeat(249_000)}`]: {} };
    const rtpParameters = {
      codecs: [{ mimeType: 'audio/opus', payloadType: 111, clockRate: 48_000, parameters }],
    };
    const data = {
      transportId: '7d444840-9dc0-11d1-b245-5ffdce74fad2',
      kind: 'audio',
      source: 'microphone',
      rtpParameters,
    };
    const answer = await dispatcher.dispatch(session('d'), 'producer.create', { id: 'request1', data });
    assert.equal(!answer.ok && answer.error.code, 'BAD_REQUEST');
    assert.ok(JSON.stringify(answer).length < 1000);
  });

  it('runs only auth.prove before authentication', async () => {
    const answer = await leave(null, 'request1');
    assert.equal(!answer.ok && answer.error.code, 'AUTH_REQUIRED');
    assert.deepEqual(calls, []);
  });

  it('tells a page or gateway of another protocol version to reload, whatever else it sends', async () => {
    const data = { protocolVersion: 0, certificate: 'as it was called then' };
    const answer = await dispatcher.dispatch(session(null), 'auth.prove', { id: 'request1', data });
    assert.ok(!answer.ok);
    assert.equal(answer.error.code, 'PROTOCOL_UNSUPPORTED');
    assert.match(answer.error.message, /reload the page/);
    assert.ok(!answer.error.retryable);
  });

  it('names the invalid field', async () => {
    const answer = await dispatcher.dispatch(session('d'), 'room.join', {
      id: 'request1',
      data: { roomId: '../etc' },
    });
    assert.equal(!answer.ok && answer.error.code, 'BAD_REQUEST');
    assert.match((!answer.ok && answer.error.detail) || '', /^roomId: /);
    assert.deepEqual(failures, ['BAD_REQUEST']);
  });

  it('answers an unexpected error as INTERNAL without its text', async () => {
    outcome = async () => {
      throw new Error('the password is swordfish');
    };
    const answer = await leave('d', 'request1');
    assert.equal(!answer.ok && answer.error.code, 'INTERNAL');
    assert.ok(!JSON.stringify(answer).includes('swordfish'));
  });

  for (const envelope of [
    undefined,
    null,
    1,
    'x',
    [],
    {},
    { id: 1 },
    { id: 'short' },
    { id: 'x'.repeat(65) },
  ]) {
    it(`refuses the envelope ${JSON.stringify(envelope)}`, async () => {
      const answer = await dispatcher.dispatch(session('d'), 'room.leave', envelope);
      assert.equal(!answer.ok && answer.error.code, 'BAD_REQUEST');
      assert.deepEqual(calls, []);
    });
  }
});
