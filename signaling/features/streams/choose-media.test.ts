import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MediaSource, ProducerInfo } from '../../../contract/index.ts';
import { chooseAudio, chooseVideo } from './choose-media.ts';

/** A producer named after its participant and source. */
function sent(participantId: string, source: MediaSource, paused = false): ProducerInfo {
  const kind = source === 'microphone' || source === 'screen-audio' ? 'audio' : 'video';
  return { producerId: `${participantId} ${source}`, participantId, kind, source, paused };
}

describe('the video of a viewer', () => {
  const cameras = [sent('ann', 'camera'), sent('bob', 'camera'), sent('cleo', 'camera', true)];
  const choose = (given: Partial<Parameters<typeof chooseVideo>[0]> = {}) =>
    chooseVideo({ producers: cameras, speakers: [], participantId: undefined, current: undefined, ...given });

  it('is of whoever spoke last and sends one', () => {
    assert.equal(choose({ speakers: ['ann', 'bob'] }), 'bob camera');
    assert.equal(choose({ speakers: ['ann', 'cleo'] }), 'ann camera');
  });

  it('stays while nobody has spoken', () => {
    assert.equal(choose(), 'ann camera');
    assert.equal(choose({ current: 'bob camera' }), 'bob camera');
    assert.equal(choose({ current: 'gone' }), 'ann camera');
    assert.equal(choose({ producers: [] }), undefined);
  });

  it('is the latest shared screen, whoever speaks', () => {
    const producers = [...cameras, sent('ann', 'screen'), sent('bob', 'screen')];
    assert.equal(choose({ producers, speakers: ['ann'] }), 'bob screen');
  });

  it('is of the pinned participant only', () => {
    const producers = [...cameras, sent('bob', 'screen')];
    assert.equal(choose({ producers, participantId: 'ann', speakers: ['bob'] }), 'ann camera');
    assert.equal(choose({ producers, participantId: 'bob' }), 'bob screen');
    assert.equal(choose({ participantId: 'cleo', current: 'ann camera' }), undefined);
  });
});

describe('the voices of a viewer', () => {
  const producers = [
    ...['ann', 'bob', 'cleo', 'dan'].map((participantId) => sent(participantId, 'microphone')),
    sent('ann', 'screen-audio'),
    sent('eve', 'microphone', true),
  ];
  const choose = (given: Partial<Parameters<typeof chooseAudio>[0]> = {}) =>
    chooseAudio({ producers, speakers: [], participantId: undefined, count: 2, current: [], ...given });

  it('are of those who spoke last, then the sound of a screen', () => {
    assert.deepEqual(choose({ speakers: ['dan', 'cleo', 'bob'] }), ['bob microphone', 'cleo microphone']);
    assert.deepEqual(choose({ speakers: ['dan'] }), ['dan microphone', 'ann screen-audio']);
  });

  it('stay among those who have not spoken', () => {
    const without = producers.filter(({ source }) => source === 'microphone');
    assert.deepEqual(choose({ producers: without, current: ['dan microphone'] }), [
      'dan microphone',
      'ann microphone',
    ]);
  });

  it('begin with the pinned participant', () => {
    assert.deepEqual(choose({ participantId: 'bob', speakers: ['ann'], count: 1 }), ['bob microphone']);
  });
});
