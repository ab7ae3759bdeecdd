import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it, mock } from 'node:test';
import type { Layers } from '../types.ts';
import { LayerReminder, type RemindedConsumer } from './layer-reminder.ts';

/** Scores of three layers of which the first few arrive. */
const scores = (present: number) => [0, 1, 2].map((layer) => (layer < present ? 10 : 0));

/** A consumer that receives the lowest layer and should get the highest; records all preferred layers set in its worker. */
function reminded(t: { after(what: () => void): void }, type: 'simulcast' | 'svc') {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const events = new EventEmitter();
  const observer = new EventEmitter();
  const told: Layers[] = [];
  const consumer = {
    type,
    closed: false,
    score: { producerScores: scores(1) },
    currentLayers: { spatialLayer: 0, temporalLayer: 2 } as Layers | undefined,
    setPreferredLayers: async (layers: Layers) => {
      told.push(layers);
    },
    on: events.on.bind(events),
    observer,
  };
  const wanted = { spatialLayer: 2, temporalLayer: 1 };
  const reminder = new LayerReminder(consumer as unknown as RemindedConsumer, () => wanted);
  return {
    ...{ reminder, consumer, told, wanted },
    receives: (layers: number) => events.emit('score', { producerScores: scores(layers) }),
    closes: () => observer.emit('close'),
  };
}

/** The current layer with another temporal layer, then the preferred one. */
const REMINDER = [
  { spatialLayer: 0, temporalLayer: 0 },
  { spatialLayer: 2, temporalLayer: 1 },
];

describe('LayerReminder', () => {
  it('makes the worker check when a simulcast layer has started and when it is 2 s old, not before', (t) => {
    const { receives, told } = reminded(t, 'simulcast');
    receives(3);
    assert.deepEqual(told, []);
    mock.timers.tick(100);
    assert.deepEqual(told, REMINDER);
    mock.timers.tick(1900);
    assert.equal(told.length, 2);
    mock.timers.tick(20);
    assert.deepEqual(told, [...REMINDER, ...REMINDER]);
    mock.timers.tick(60_000);
    assert.equal(told.length, 4);
  });

  it('does so for each simulcast layer that starts', (t) => {
    const { receives, told } = reminded(t, 'simulcast');
    receives(2);
    mock.timers.tick(1000);
    receives(3);
    mock.timers.tick(60_000);
    assert.equal(told.length, 8);
  });

  it('ignores layers that were already there or that stop', (t) => {
    const { receives, told } = reminded(t, 'simulcast');
    receives(1);
    receives(0);
    mock.timers.tick(60_000);
    assert.deepEqual(told, []);
  });

  it('makes the worker check several times within a second for an SVC layer, until it is received', (t) => {
    const { consumer, reminder, told } = reminded(t, 'svc');
    reminder.raised();
    mock.timers.tick(100);
    assert.deepEqual(told, REMINDER);
    mock.timers.tick(100);
    assert.equal(told.length, 4);
    consumer.currentLayers = { spatialLayer: 2, temporalLayer: 0 };
    mock.timers.tick(60_000);
    assert.equal(told.length, 4);
  });

  it('sets different layers first, even if the lowest temporal layer is preferred', (t) => {
    const { reminder, told, wanted } = reminded(t, 'svc');
    wanted.temporalLayer = 0;
    reminder.raised();
    mock.timers.tick(100);
    assert.deepEqual(told, [
      { spatialLayer: 0, temporalLayer: 1 },
      { spatialLayer: 2, temporalLayer: 0 },
    ]);
  });

  it('ignores a consumer that receives nothing', (t) => {
    const { consumer, reminder, told } = reminded(t, 'svc');
    consumer.currentLayers = undefined;
    reminder.raised();
    mock.timers.tick(60_000);
    assert.deepEqual(told, []);
  });

  it('stops when its consumer closes', (t) => {
    const { receives, closes, told } = reminded(t, 'simulcast');
    receives(3);
    closes();
    mock.timers.tick(60_000);
    assert.deepEqual(told, []);
  });
});
