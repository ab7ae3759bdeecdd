import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { offer, start } from '../../../test/support/stream-program.ts';
import { eventually } from '../../../test/support/wait.ts';
import { TestKernel } from '../testing/index.ts';
import { StreamKeys } from './stream-keys.ts';

describe('a stream key', () => {
  let test: TestKernel;
  let keys: StreamKeys;

  before(async () => {
    test = await TestKernel.open();
    await test.kernel.listen();
    keys = new StreamKeys(test.kernel.store);
  });

  after(() => test?.close());

  const make = async (given: { name?: string; ttlSeconds: number }) => {
    const { row, secret } = await keys.create({
      ...{ roomId: 'studio', direction: 'publish', name: 'Studio', createdBy: null },
      ...given,
    });
    return { row, secret, url: `http://127.0.0.1:${test.kernel.port}/whip/studio` };
  };
  const streams = () => test.kernel.rooms.peers.filter(({ principal }) => principal.kind === 'stream');

  it('ends what uses it when it expires, and is refused from then on (threat 47)', async () => {
    const key = await make({ ttlSeconds: 2 });
    const { status } = await start(key, offer('publish'));
    assert.equal(status, 201);
    assert.equal(streams().length, 1);
    await eventually('the stream ends', () => streams().length === 0);
    assert.ok(Date.now() >= key.row.expires_at_ms);
    assert.equal((await start(key, offer('publish'))).code, 'STREAM_KEY_EXPIRED');
  });

  it('is stored as a hash', async () => {
    const { secret, row } = await make({ ttlSeconds: 300 });
    const stored = await test.kernel.store.db.selectFrom('stream_keys').selectAll().execute();
    assert.ok(!JSON.stringify(stored).includes(secret.slice(-20)));
    assert.equal((await keys.find(secret)).key_id, row.key_id);
  });

  it('ends with its room, and whatever uses it', async () => {
    const key = await make({ ttlSeconds: 300 });
    await start(key, offer('publish'));
    const { rooms, store, roomDeleted } = test.kernel;
    const committed: Array<() => Promise<void> | void> = [];
    await store.transaction((db) => roomDeleted.run({ db, roomId: 'studio', committed }));
    for (const work of committed) {
      await work();
    }
    assert.equal(streams().length, 0);
    assert.equal(rooms.find('studio'), undefined);
    assert.equal((await start(key, offer('publish'))).code, 'STREAM_KEY_INVALID');
  });
});
