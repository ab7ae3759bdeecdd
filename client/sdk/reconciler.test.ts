import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CanopyError } from '../../contract/light.ts';
import { Reconciler } from './reconciler.ts';

const SOON = { firstMs: 2, mostMs: 8 };
const NEVER = { firstMs: 3_600_000, mostMs: 3_600_000 };

describe('Reconciler', () => {
  it('makes one pass for all changes of a task, and another for changes during a pass', async () => {
    const gate = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    let passes = 0;
    let most = 0;
    let now = 0;
    const reconciler = new Reconciler({
      pass: async () => {
        passes += 1;
        now += 1;
        most = Math.max(most, now);
        started.resolve();
        await gate.promise;
        now -= 1;
      },
    });
    const first = [reconciler.run(), reconciler.run(), reconciler.run()];
    await started.promise;
    assert.equal(reconciler.stale, false);
    const second = [reconciler.run(), reconciler.run()];
    assert.equal(reconciler.stale, true);
    gate.resolve();
    await Promise.all([...first, ...second]);
    assert.deepEqual([passes, most, reconciler.running], [2, 1, false]);
  });

  it('retries temporary errors until a pass succeeds, and rejects with permanent ones', async () => {
    const errors = [new CanopyError('SERVER_BUSY'), new CanopyError('REQUEST_TIMEOUT')];
    const reconciler = new Reconciler({
      pass: async () => {
        const error = errors.shift();
        if (error) {
          throw error;
        }
      },
      backoff: SOON,
    });
    await reconciler.run();
    assert.equal(errors.length, 0);
    errors.push(new CanopyError('FORBIDDEN'));
    await assert.rejects(reconciler.run(), { code: 'FORBIDDEN' });
    await reconciler.run();
  });

  it('waits for the next run() while the connection is lost', async () => {
    let isLost = true;
    const reconciler = new Reconciler({
      pass: async () => {
        if (isLost) {
          throw new CanopyError('CONNECTION_LOST');
        }
      },
    });
    await reconciler.run();
    assert.equal(reconciler.running, false);
    isLost = false;
    await reconciler.run();
  });

  it('runs again after a failure if the wanted state changed during that pass', async () => {
    let passes = 0;
    const reconciler: Reconciler = new Reconciler({
      pass: async () => {
        passes += 1;
        if (passes > 1) {
          return;
        }
        reconciler.poke();
        throw new CanopyError('FORBIDDEN');
      },
    });
    await reconciler.run();
    assert.equal(passes, 2);
  });

  it('cuts a delay short for run(), but not for a patient one', async () => {
    let passes = 0;
    const failed = Promise.withResolvers<void>();
    const reconciler = new Reconciler({
      pass: async () => {
        passes += 1;
        if (passes === 1) {
          throw new CanopyError('SERVER_BUSY');
        }
      },
      onFailure: () => {
        failed.resolve();
        return 'retry';
      },
      backoff: NEVER,
    });
    const done = reconciler.run();
    await failed.promise;
    reconciler.poke({ patient: true });
    await new Promise(setImmediate);
    assert.equal(passes, 1);
    reconciler.poke();
    await done;
    assert.equal(passes, 2);
  });

  it('resolves run() before a retry in the background', async () => {
    const retried = Promise.withResolvers<void>();
    let passes = 0;
    const reconciler = new Reconciler({
      pass: async () => {
        passes += 1;
        if (passes === 1) {
          throw new CanopyError('SERVER_BUSY');
        }
        retried.resolve();
      },
      backoff: SOON,
      retriesInBackground: true,
    });
    await reconciler.run();
    assert.equal(passes, 1);
    await retried.promise;
    assert.equal(passes, 2);
  });

  it('stops retrying after stop()', async () => {
    let passes = 0;
    const failed = Promise.withResolvers<void>();
    const reconciler = new Reconciler({
      pass: async () => {
        passes += 1;
        throw new CanopyError('SERVER_BUSY');
      },
      onFailure: () => {
        failed.resolve();
        return 'retry';
      },
      backoff: NEVER,
    });
    const done = reconciler.run();
    await failed.promise;
    await new Promise(setImmediate);
    reconciler.stop();
    await done;
    assert.equal(passes, 1);
  });

  it('reports final failures of poke() to its owner, and those of run() to the caller only', async () => {
    const told: string[] = [];
    const heard = Promise.withResolvers<void>();
    const reconciler = new Reconciler({
      pass: () => Promise.reject(new CanopyError('FORBIDDEN')),
      failed: ({ code }) => {
        told.push(code);
        heard.resolve();
      },
    });
    await assert.rejects(reconciler.run(), { code: 'FORBIDDEN' });
    assert.deepEqual(told, []);
    reconciler.poke();
    await heard.promise;
    assert.deepEqual(told, ['FORBIDDEN']);
  });
});
