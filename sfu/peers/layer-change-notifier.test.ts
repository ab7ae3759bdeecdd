import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Layers } from '../types.ts';
import { LayerChangeNotifier } from './layer-change-notifier.ts';

const layers = (spatialLayer: number, temporalLayer: number): Layers => ({ spatialLayer, temporalLayer });

describe('LayerChangeNotifier', () => {
  it('reports only the last of several changes of a consumer, and nothing about a closed one', async () => {
    const notified: Array<[string, Layers | null]> = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const notifier = new LayerChangeNotifier((consumerId, each) => {
      notified.push([consumerId, each]);
      if (consumerId === 'last') {
        resolve();
      }
    });
    notifier.changed('a', layers(0, 2));
    notifier.changed('gone', layers(0, 0));
    notifier.changed('a', layers(1, 0));
    notifier.changed('b', layers(2, 2));
    notifier.changed('a', layers(2, 2));
    notifier.changed('b', null);
    notifier.changed('last', layers(0, 0));
    notifier.forget('gone');
    assert.deepEqual(notified, []);
    await promise;
    assert.deepEqual(notified, [
      ['a', layers(2, 2)],
      ['b', null],
      ['last', layers(0, 0)],
    ]);
    notifier.close();
  });
});
