import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { describe, it } from 'node:test';
import { createLogger } from '../../../base/index.ts';
import type { PeerPrincipal, Session } from '../../kernel/index.ts';
import { DeviceExchanges } from './device-exchanges.ts';

const log = createLogger({ level: 'silent', format: 'json' });
const EXCHANGE = 'A'.repeat(22);
const REQUEST = {
  deviceKey: 'AAAA',
  sealingKey: 'AAAA',
  name: 'Phone',
  client: 'Firefox',
  signature: 'AAAA',
  mac: 'A'.repeat(43),
};
const ANSWER = { encapsulated: 'AAAA', sealed: 'AAAA' };

/** A connection that emits what is sent to it. */
class FakeConnection extends EventEmitter {
  readonly session: Session;

  constructor(address = '192.0.2.1') {
    super();
    this.session = {
      connection: { send: (name: string, data: unknown) => this.emit(name, data) },
      holder: { address },
      releases: [],
    } as unknown as Session;
  }

  /** How the exchange ended for it. */
  async ended(): Promise<string> {
    const [{ error }] = (await once(this, 'device.ended')) as [{ error: { code: string } }];
    return error.code;
  }

  close(): void {
    for (const release of this.session.releases.splice(0)) {
      release();
    }
  }
}

const person = (accountId: string) =>
  ({ accountId, device: { deviceId: `device of ${accountId}` } }) as unknown as PeerPrincipal;

describe('DeviceExchanges', () => {
  it('an exchange ends after its time for both devices, and its id leads nowhere then', async () => {
    const exchanges = new DeviceExchanges({ log, graceMs: 60_000, openMs: 50 });
    const [old, fresh] = [new FakeConnection(), new FakeConnection()];
    const ends = Promise.all([old.ended(), fresh.ended()]);
    const { expiresAtMs } = exchanges.offer(old.session, person('ann'), EXCHANGE);
    assert.ok(expiresAtMs > Date.now() - 1000 && expiresAtMs <= Date.now() + 50);
    exchanges.request(fresh.session, EXCHANGE, REQUEST);
    assert.equal(fresh.session.waiting, true);
    assert.deepEqual(await ends, ['DEVICE_LINK_EXPIRED', 'DEVICE_LINK_EXPIRED']);
    assert.deepEqual([exchanges.size, fresh.session.waiting], [0, false]);
    assert.throws(() => exchanges.request(fresh.session, EXCHANGE, REQUEST), { code: 'DEVICE_CODE_UNKNOWN' });
    assert.throws(() => exchanges.answer(person('ann'), EXCHANGE, ANSWER), { code: 'DEVICE_CODE_UNKNOWN' });
  });

  it('keeps what was sent while a device is away, but does not wait long for the older one', async () => {
    const exchanges = new DeviceExchanges({ log, graceMs: 50 });
    const [old, fresh] = [new FakeConnection(), new FakeConnection()];
    const ann = person('ann');
    exchanges.offer(old.session, ann, EXCHANGE);
    old.close();
    exchanges.request(fresh.session, EXCHANGE, REQUEST);
    const back = new FakeConnection();
    assert.deepEqual(exchanges.offer(back.session, ann, EXCHANGE).request, REQUEST);
    fresh.close();
    exchanges.answer(ann, EXCHANGE, ANSWER);
    const again = new FakeConnection();
    assert.deepEqual(exchanges.request(again.session, EXCHANGE, REQUEST).answer, ANSWER);
    const ended = again.ended();
    back.close();
    assert.equal(await ended, 'DEVICE_LINK_ENDED');
    assert.equal(exchanges.size, 0);
  });

  it('threat 54: one network cannot use up the exchanges of the server', async () => {
    const exchanges = new DeviceExchanges({ log, graceMs: 60_000, openMs: 1000 });
    const id = (n: number) => String(n).padStart(22, 'A');
    const offer = (n: number, address: string) =>
      exchanges.offer(new FakeConnection(address).session, person(`account ${n}`), id(n));
    for (let n = 0; n < 200; n += 1) {
      offer(n, '192.0.2.1');
    }
    assert.throws(() => offer(200, '192.0.2.1'), { code: 'LIMIT_REACHED' });
    offer(201, '192.0.2.2');
    // An account has one at a time, however often it asks.
    for (let n = 300; n < 400; n += 1) {
      exchanges.offer(new FakeConnection('192.0.2.2').session, person('account 201'), id(n));
    }
    assert.equal(exchanges.size, 201);
    // Those that were refused left nothing behind, not even a timer.
    const last = new FakeConnection('192.0.2.3');
    const ended = last.ended();
    exchanges.offer(last.session, person('last'), id(401));
    await ended;
    assert.equal(exchanges.size, 0);
  });
});
