import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { playedTracks } from './played-tracks.ts';

const [VIDEO, SOUND, OLDER] = ['video', 'sound', 'older'].map((compositionId) => ({
  compositionId,
  bytes: 1,
  url: `/${compositionId}`,
})) as [Composition, Composition, Composition];
type Composition = { compositionId: string; bytes: number; url: string };

describe('what a player plays', () => {
  const opened = {
    tracks: [],
    compositions: [
      { ...OLDER, format: 'webm' as const },
      { ...VIDEO, format: 'mp4' as const },
      { ...SOUND, format: 'm4a' as const },
    ],
  };
  const played = (...codecs: string[]) =>
    playedTracks(opened, 1000, (type) => codecs.some((codec) => type.includes(codec))).map(({ url }) => url);

  it('is the last video, never sound alone', () => {
    assert.deepEqual(played('avc1', 'vp9'), ['/video']);
  });

  it('is a video that the browser can play, or the tracks if it can play none', () => {
    assert.deepEqual(played('vp9'), ['/older']);
    assert.deepEqual(played(), []);
  });
});
