import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BridgeSource } from '../../client/sdk/index.ts';
import { arrangeTiles, type ShownVideo } from './arrange-tiles.ts';

const PICTURE = { width: 1280, height: 720 };

function video(number: number, source: BridgeSource['source'] = 'camera'): ShownVideo {
  const described: BridgeSource = {
    ...{ producerId: `${number}`, consumerId: `${number}`, participantId: `person ${number}` },
    ...{
      kind: 'video' as const,
      source,
      mimeType: 'video/vp8',
      clockRate: 90_000,
      ssrc: number,
      payloadType: 101,
    },
    ...{ audioLevelId: undefined, paused: false },
  };
  return { number, name: `Person ${number}`, source: described };
}
const videos = (count: number) => Array.from({ length: count }, (_, n) => video(n + 1));
const arrange = (shown: readonly ShownVideo[], speaker: string | null = null) =>
  arrangeTiles(shown, { speaker, ...PICTURE });

describe('the tiles of a live stream', () => {
  it('lie side by side within the picture, up to nine', () => {
    for (let people = 0; people <= 12; people++) {
      const tiles = arrange(videos(people));
      assert.equal(tiles.length, Math.min(people, 9));
      for (const [n, one] of tiles.entries()) {
        assert.ok(one.xpos >= 0 && one.xpos + one.width <= PICTURE.width, JSON.stringify(one));
        assert.ok(one.ypos >= 0 && one.ypos + one.height <= PICTURE.height, JSON.stringify(one));
        for (const other of tiles.slice(n + 1)) {
          const apart =
            other.xpos >= one.xpos + one.width ||
            one.xpos >= other.xpos + other.width ||
            other.ypos >= one.ypos + one.height ||
            one.ypos >= other.ypos + other.height;
          assert.ok(apart, JSON.stringify({ one, other }));
        }
      }
    }
  });

  it('of one person fill the picture', () => {
    assert.deepEqual(arrange(videos(1)), [{ number: 1, name: 'Person 1', xpos: 0, ypos: 0, ...PICTURE }]);
  });

  it('have the speaker among them, and stay in place otherwise', () => {
    const numbers = arrange(videos(12), 'person 12').map(({ number }) => number);
    assert.deepEqual(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 12]);
  });

  it('leave most of the picture to a shared screen', () => {
    const [screen, ...people] = arrange([...videos(7), video(8, 'screen')]);
    assert.deepEqual([screen?.number, screen?.width, screen?.height], [8, 1024, 720]);
    assert.equal(people.length, 5);
    assert.ok(people.every(({ xpos, width }) => xpos === 1024 && width === 256));
  });
});
