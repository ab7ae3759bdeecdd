import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { createLogger } from '../../../base/index.ts';
import { storeEngines } from '../../../test/support/store-engines.ts';
import { eventually } from '../../../test/support/wait.ts';
import type { Attempt, Message } from '../../kernel/index.ts';
import { openStore, type Store } from '../../store/index.ts';
import { MIGRATIONS } from '../migrations.ts';
import { Deliveries } from './deliveries.ts';
import { DeliveryQueue } from './delivery-queue.ts';
import { Webhooks } from './webhooks.ts';

const DAY_MS = 86_400_000;

for (const engine of storeEngines()) {
  describe(`deliveries of webhooks on ${engine.name}`, { skip: engine.skip }, () => {
    let dir: string;
    let store: Store;
    let webhooks: Webhooks;
    let queue: DeliveryQueue;
    let deliveries: Deliveries;
    let nowMs: number;
    let disabled: string[];
    /** Sequence numbers that each target got, with what it answered. */
    let sent: string[];
    let answer: (url: string, sequence: number) => Promise<number> | number;

    const send = async ({ url, body }: Message): Promise<Attempt> => {
      const { sequence } = JSON.parse(String(body)) as { sequence: number };
      const status = await answer(url, sequence);
      sent.push(`${url} ${sequence} ${status}`);
      return status === 0
        ? { error: 'ECONNREFUSED', tookMs: 1 }
        : { status, tookMs: 1, ...(status >= 300 && { error: 'the target refused it' }) };
    };
    const open = async () => {
      webhooks = new Webhooks(store);
      await webhooks.load();
      queue = new DeliveryQueue(store);
      deliveries = new Deliveries({
        webhooks,
        queue,
        send,
        key: 'key',
        log: createLogger({ level: 'silent', format: 'json' }),
        onDisabled: ({ name }, reason) => disabled.push(`${name}: ${reason}`),
        now: () => nowMs,
        // So that timers fire at once, when the test has moved the clock.
        backOff: (failures) => failures * 10,
      });
      await deliveries.start();
    };
    beforeEach(async () => {
      dir = mkdtempSync(join(tmpdir(), 'canopy-webhooks-'));
      store = await openStore(dir, { migrations: MIGRATIONS, url: await engine.newUrl() });
      nowMs = Date.now();
      [disabled, sent] = [[], []];
      answer = () => 200;
      await open();
    });
    after(() => engine.close());
    afterEach(async () => {
      await deliveries.close();
      await store.close();
      rmSync(dir, { recursive: true });
    });
    const endpoint = (name: string) =>
      webhooks.create({ name, url: name, events: ['account.revoked'], enabled: true, createdBy: 'test' });
    const emit = (count: number) => {
      for (let n = 0; n < count; n += 1) {
        deliveries.emit('account.revoked', { accountId: `${n}` });
      }
    };
    const until = (what: string, isSo: () => boolean) =>
      eventually(
        what,
        async () => {
          nowMs += 10;
          return isSo();
        },
        Boolean,
      );

    it('are in order, numbered from 1', async () => {
      await endpoint('a');
      emit(40);
      await until('all are delivered', () => sent.length === 40);
      assert.deepEqual(
        sent,
        Array.from({ length: 40 }, (_, n) => `a ${n + 1} 200`),
      );
      assert.deepEqual([deliveries.waiting, deliveries.counts.delivered], [0, 40]);
    });

    it('one slow target delays no other', async () => {
      let free = () => {};
      const held = new Promise<void>((resolve) => {
        free = resolve;
      });
      answer = async (url) => {
        await (url === 'slow' ? held : undefined);
        return 200;
      };
      await endpoint('slow');
      await endpoint('quick');
      emit(20);
      await until('the quick one has all', () => sent.length === 20);
      assert.ok(sent.every((each) => each.startsWith('quick')));
      free();
      await until('the slow one too', () => sent.length === 40);
    });

    it('a target that is away gets everything later, in order', async () => {
      let isAway = true;
      answer = () => (isAway ? 0 : 200);
      const webhook = await endpoint('a');
      emit(5);
      await until('it is tried three times', () => sent.length >= 3);
      assert.ok(sent.every((each) => each === 'a 1 0'));
      assert.ok(webhook.failingSinceMs !== null);
      isAway = false;
      sent = [];
      await until('all are delivered', () => sent.length === 5);
      assert.deepEqual(
        sent,
        [1, 2, 3, 4, 5].map((n) => `a ${n} 200`),
      );
      await until('it is well', () => webhook.failingSinceMs === null);
    });

    it('a message that the target refuses lets the others pass', async () => {
      answer = (_url, sequence) => (sequence === 2 ? 422 : 200);
      await endpoint('a');
      emit(4);
      await until('the others are delivered', () => sent.filter((each) => each.endsWith('200')).length === 3);
      assert.deepEqual(
        sent.filter((each) => each.endsWith('200')),
        ['a 1 200', 'a 3 200', 'a 4 200'],
      );
    });

    it('survive a restart of the server', async () => {
      answer = () => 0;
      await endpoint('a');
      emit(3);
      await until('it is tried', () => sent.length >= 1);
      await deliveries.close();
      sent = [];
      answer = () => 200;
      await open();
      emit(1);
      await until('all are delivered', () => sent.length === 4);
      assert.deepEqual(
        sent,
        [1, 2, 3, 4].map((n) => `a ${n} 200`),
      );
    });

    if (engine.name !== 'SQLite') {
      return;
    }

    it('an endpoint that fails for a day is disabled with the reason, and what waits is given up', async () => {
      answer = () => 503;
      const webhook = await endpoint('a');
      emit(3);
      await until('it is tried', () => sent.length >= 1);
      nowMs += DAY_MS;
      await until('it is disabled', () => disabled.length === 1);
      assert.deepEqual(disabled, ['a: it failed for a day; last: HTTP 503, the target refused it']);
      assert.equal(webhook.enabled, false);
      const list = await queue.list(webhook.webhookId, 10);
      assert.ok(list.every(({ status, body }) => status === 'failed' && body === ''));
      emit(1);
      assert.equal(deliveries.waiting, 0);
      // It is enabled again by hand.
      answer = () => 200;
      sent = [];
      await webhooks.change(webhook, { enabled: true, disabledReason: null, failingSinceMs: null });
      emit(1);
      await until('it works', () => sent.length === 1);
      assert.deepEqual(sent, ['a 4 200']);
    });

    it('an endpoint that says that it is gone is disabled at once', async () => {
      answer = () => 410;
      await endpoint('a');
      emit(2);
      await until('it is disabled', () => disabled.length === 1);
      assert.equal(sent.length, 1);
    });

    it('threat 4: at most 10,000 messages wait for an endpoint; further events are dropped and counted', async () => {
      answer = () => 0;
      const webhook = await endpoint('a');
      emit(10_005);
      assert.deepEqual(deliveries.loadOf(webhook), { waiting: 10_000, dropped: 5 });
      assert.equal(deliveries.counts.dropped, 5);
      await deliveries.store();
    });

    it('of what was delivered, the last 100 are kept without their content', async () => {
      const webhook = await endpoint('a');
      for (let n = 0; n < 150; n += 1) {
        nowMs += 1;
        emit(1);
      }
      await until('all are delivered', () => sent.length === 150 && deliveries.waiting === 0);
      const list = await queue.list(webhook.webhookId, 1000);
      assert.ok(list.length >= 100 && list.length <= 121, `${list.length}`);
      assert.ok(list.every(({ body }) => body === ''));
      assert.equal(list[0]?.seq, 150);
    });
  });
}
