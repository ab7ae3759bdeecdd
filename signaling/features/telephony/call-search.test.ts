import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type CallRecord, callRecord } from '../../../contract/index.ts';
import { storeEngines } from '../../../test/support/store-engines.ts';
import { openStore, type Store } from '../../store/index.ts';
import { MIGRATIONS } from '../index.ts';
import type { CallFilter } from './call-search.ts';
import { type CallEntry, Calls } from './calls.ts';

const DAY_MS = 86_400_000;
const NOW = 1_800_000_000_000;
const ANN = 'a'.repeat(64);
const BOB = 'b'.repeat(64);

let made = 0;
/** A call that ended. Each starts a second after the one before. */
function call(more: Partial<CallRecord> & { accountId?: string }): CallEntry {
  made += 1;
  const startedAtMs = NOW + made * 1000;
  const { accountId, ...record } = more;
  const given = callRecord.parse({
    callId: randomUUID(),
    direction: 'incoming',
    remote: 'sip:+4930123456@provider.example',
    dialled: '+4930200',
    trunk: 'provider',
    roomId: 'team',
    codec: 'PCMA',
    startedAtMs,
    answeredAtMs: startedAtMs + 2000,
    endedAtMs: startedAtMs + 9000,
    endCause: 'remote',
    sipStatus: null,
    mos: 4.2,
    ...record,
  });
  return { ...given, ...(accountId !== undefined && { accountId }) };
}
const unanswered = { answeredAtMs: null, codec: null, mos: null } as const;

for (const engine of storeEngines()) {
  describe(`the history of phone calls (${engine.name})`, { skip: engine.skip }, () => {
    const dir = mkdtempSync(join(tmpdir(), 'canopy-calls-'));
    let store: Store;
    let calls: Calls;
    const known: Record<string, CallEntry> = {
      answered: call({ displayName: 'Jörg Ä. Müller', attributes: { customer: 'C-4711' } }),
      poor: call({ mos: 2.1, codec: 'GSM', accountId: ANN }),
      desk: call({ trunk: null, remote: 'sip:1001@canopy', phone: '1001', accountId: ANN, codec: 'opus' }),
      busy: call({
        ...unanswered,
        direction: 'outgoing',
        endCause: 'refused',
        sipStatus: 486,
        endReason: 'Q.850;cause=17;text="User busy"',
        remote: '100%_\\',
        accountId: BOB,
      }),
      givenUp: call({ ...unanswered, endCause: 'cancelled' }),
      refused: call({ ...unanswered, endCause: 'refused', sipStatus: 404 }),
      barred: call({ ...unanswered, direction: 'outgoing', endCause: 'limit', sipStatus: 480 }),
      broken: call({ ...unanswered, endCause: 'transport', sipStatus: null }),
      going: call({ endedAtMs: null, endCause: null, mos: null }),
    };

    before(async () => {
      store = await openStore(dir, { migrations: MIGRATIONS, url: await engine.newUrl() });
      calls = new Calls(store, { days: 30, maxCalls: 1000 });
      for (const each of Object.values(known)) {
        await calls.record(each);
      }
    });
    after(async () => {
      await store.close();
      rmSync(dir, { recursive: true });
      await engine.close();
    });

    const found = async (filter: CallFilter) => {
      const names = Object.entries(known);
      const list = await calls.list({ limit: 100, ...filter });
      return list.map(({ callId }) => names.find(([, each]) => each.callId === callId)?.[0]).reverse();
    };

    it('is found by any part of a name, number or attribute, literally and in any case', async () => {
      assert.deepEqual(await found({ search: 'jörg ä' }), ['answered']);
      assert.deepEqual(await found({ search: 'c-4711' }), ['answered']);
      assert.deepEqual(await found({ search: '%_\\' }), ['busy']);
      assert.deepEqual(await found({ search: '1001' }), ['desk']);
      const everybodyElse = Object.keys(known).filter((name) => name !== 'desk' && name !== 'busy');
      assert.deepEqual(await found({ search: '+49 30 / 123-456' }), everybodyElse);
      assert.deepEqual(await found({ search: 'nobody' }), []);
    });

    it('is filtered by result, quality, codec, end, place and time, all at once', async () => {
      assert.deepEqual(await found({ result: 'answered' }), ['answered', 'poor', 'desk', 'going']);
      assert.deepEqual(await found({ result: 'missed' }), ['busy', 'givenUp']);
      assert.deepEqual(await found({ result: 'failed' }), ['refused', 'barred', 'broken']);
      assert.deepEqual(await found({ mosBelow: 3.5 }), ['poor']);
      assert.deepEqual(await found({ codec: 'opus' }), ['desk']);
      assert.deepEqual(await found({ sipStatus: 486 }), ['busy']);
      assert.deepEqual(await found({ endCause: 'limit' }), ['barred']);
      assert.deepEqual(await found({ accountId: ANN }), ['poor', 'desk']);
      assert.deepEqual(await found({ accountId: ANN, trunk: 'provider' }), ['poor']);
      assert.deepEqual(await found({ phone: '1001', roomId: 'team' }), ['desk']);
      assert.deepEqual(await found({ phone: '1001', roomId: 'other' }), []);
      const { desk, broken } = known;
      assert.deepEqual(await found({ sinceMs: broken?.startedAtMs }), ['broken', 'going']);
      assert.deepEqual(await found({ untilMs: desk?.startedAtMs }), ['answered', 'poor']);
    });

    it('keeps what each call was, and does not forget who placed it', async () => {
      const { busy } = known;
      assert.ok(busy);
      assert.deepEqual(await calls.find(busy.callId), busy);
      const { going } = known;
      assert.ok(going);
      await calls.record({ ...going, accountId: BOB });
      await calls.record(going);
      assert.equal((await calls.find(going.callId))?.accountId, BOB);
    });

    it('is listed page by page, also where calls start at once and while new ones come', async () => {
      const at = Array.from({ length: 7 }, () => call({ startedAtMs: NOW + DAY_MS, roomId: 'pages' }));
      for (const each of at) {
        await calls.record(each);
      }
      const seen: string[] = [];
      for (let last: string | undefined; ; ) {
        const page = await calls.list({ limit: 3, roomId: 'pages', after: last });
        await calls.record(call({ startedAtMs: NOW + 2 * DAY_MS, roomId: 'pages' }));
        seen.push(...page.map(({ callId }) => callId));
        last = page.at(-1)?.callId;
        if (page.length < 3) {
          break;
        }
      }
      assert.deepEqual(seen.sort(), at.map(({ callId }) => callId).sort());
    });

    it('an account that is deleted disappears from it; of calls over a trunk, the bill remains', async () => {
      const eve = 'e'.repeat(64);
      const inside = call({ trunk: null, accountId: eve, remote: 'sip:eve2345@canopy', roomId: 'eve' });
      const placed = call({ direction: 'outgoing', accountId: eve, remote: '+53123', dialled: '+53123' });
      const called = call({ accountId: eve, dialled: '+4930777', displayName: 'Caller' });
      for (const each of [inside, placed, called]) {
        await calls.record(each);
      }
      await calls.forgetAccount(eve);
      assert.equal(await calls.find(inside.callId), undefined);
      const bill = await calls.find(placed.callId);
      assert.deepEqual(
        [bill?.dialled, bill?.accountId, bill?.answeredAtMs],
        ['+53123', undefined, placed.answeredAtMs],
      );
      const incoming = await calls.find(called.callId);
      assert.deepEqual([incoming?.dialled, incoming?.displayName], ['', undefined]);
      assert.deepEqual(await calls.list({ limit: 10, search: '777' }), []);
    });

    it('is kept for as many days as the setting says', async () => {
      const old = call({ startedAtMs: NOW - 31 * DAY_MS });
      const recent = call({ startedAtMs: NOW - 29 * DAY_MS });
      await calls.record(old);
      await calls.record(recent);
      await calls.prune(NOW);
      assert.equal(await calls.find(old.callId), undefined);
      assert.ok(await calls.find(recent.callId));
    });
  });
}
