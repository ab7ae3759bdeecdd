import assert from 'node:assert/strict';
import { createECDH, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { createLogger } from '../../../base/index.ts';
import { eventually } from '../../../test/support/wait.ts';
import { type AwayNotice, Sender, TargetGuard } from '../../kernel/index.ts';
import { openStore, type Store } from '../../store/index.ts';
import { PUSH_MIGRATIONS } from './migrations.ts';
import { PushChannel } from './push-channel.ts';
import { Subscriptions } from './subscriptions.ts';
import { vapidKeys } from './vapid-keys.ts';

const [EVE, ANN] = ['e'.repeat(64), 'a'.repeat(64)];
const CALL: AwayNotice = { kind: 'call', from: 'Max', lifetimeSeconds: 30 };
const MENTION: AwayNotice = { kind: 'mention', from: 'Max', roomId: 'team', lifetimeSeconds: 30 };

describe('push messages of hostile people', () => {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-push-'));
  const keys = () => {
    const ecdh = createECDH('prime256v1');
    ecdh.generateKeys();
    return { p256dh: ecdh.getPublicKey('base64url'), auth: randomBytes(16).toString('base64url') };
  };
  let store: Store;
  let service: Server;
  let isSilent = true;
  let got = 0;
  let subscriptions: Subscriptions;
  let channel: PushChannel;

  before(async () => {
    store = await openStore(dir, { migrations: PUSH_MIGRATIONS });
    service = createServer((_request, response) => {
      got += 1;
      if (!isSilent) {
        response.writeHead(201).end();
      }
    });
    service.listen(0, '127.0.0.1');
    await once(service, 'listening');
  });
  beforeEach(async () => {
    got = 0;
    subscriptions = new Subscriptions(store);
    const guard = new TargetGuard({ allowRanges: ['127.0.0.1'], allowHttp: true });
    channel = new PushChannel({
      subscriptions,
      sender: new Sender(guard),
      keys: vapidKeys('secret'),
      contact: () => 'mailto:postmaster@localhost',
      isAdmitted: () => true,
      log: createLogger({ level: 'silent', format: 'json' }),
    });
  });
  afterEach(() => channel.close());
  after(async () => {
    service.closeAllConnections();
    service.close();
    await store.close();
    rmSync(dir, { recursive: true });
  });

  const subscribe = async (accountId: string, devices: number) => {
    const endpoint = `http://127.0.0.1:${(service.address() as AddressInfo).port}/`;
    for (let device = 0; device < devices; device += 1) {
      await subscriptions.put({ accountId, deviceId: `${accountId} ${device}`, endpoint, keys: keys() });
    }
  };

  it('threat 28: push services that never answer hold few places, and others are notified', async () => {
    isSilent = true;
    await subscribe(EVE, 16);
    await subscribe(ANN, 1);
    for (let turn = 0; turn < 30; turn += 1) {
      channel.notify(EVE, CALL);
    }
    await eventually(
      '20 are underway',
      () => got,
      (count) => count === 20,
    );
    assert.equal(channel.counts.dropped, 30 * 16 - 20);
    channel.notify(ANN, CALL);
    await eventually(
      'Ann too',
      () => got,
      (count) => count === 21,
    );
  });

  it('threat 46: whoever is mentioned all the time is notified now and then', async () => {
    isSilent = false;
    await subscribe(ANN, 1);
    for (let turn = 0; turn < 30; turn += 1) {
      channel.notify(ANN, MENTION);
      await eventually(
        'it has arrived',
        () => got,
        (count) => count === Math.min(10, turn + 1),
      );
    }
    channel.notify(ANN, CALL);
    await eventually(
      'a call still arrives',
      () => got,
      (count) => count === 11,
    );
  });
});
