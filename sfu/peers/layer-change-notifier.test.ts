import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Layers } from '../types.ts';
import { LayerChangeNotifier } from './layer-change-notifier.ts';

const layers = (spatialLayer: number, temporalLayer: number): Layers => ({ spatialLayer, temporalLayer });

describe('LayerChangeNotifier', () => {
  it('reports only the last of several changes of a consumer, and nothing about a closed one', async () => {
    const told: Array<[string, Layers | null]> = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const news = new LayerChangeNotifier((consumerId, each) => {
      told.push([consumerId, each]);
      if (consumerId === 'last') {
        resolve();
      }
    });
    news.changed('a', layers(0, 2));
    news.changed('gone', layers(0, 0));
    news.changed('a', layers(1, 0));
    news.changed('b', layers(2, 2));
    news.changed('a', layers(2, 2));
    news.changed('b', null);
    news.changed('last', layers(0, 0));
    news.forget('gone');
    assert.deepEqual(told, []);
    await promise;
    assert.deepEqual(told, [
      ['a', layers(2, 2)],
      ['b', null],
      ['last', layers(0, 0)],
    ]);
    news.close();
  });
});
