import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../../../base/index.ts';
import { automaticVideo } from './automatic-video.ts';

describe('what is made of a recording by itself', () => {
  const server = (flags: Record<string, string> = {}) => loadConfig({ env: {}, flags });
  const film = { mode: 'video' } as const;

  it('is nothing unless the operator or the owner of the room wants something', () => {
    assert.equal(automaticVideo(server(), {}, film), undefined);
    const wants = server({ 'recording.video': 'webm', 'recording.videoLayout': 'gallery' });
    assert.deepEqual(automaticVideo(wants, {}, film), { format: 'webm', layout: 'gallery' });
  });

  it('is what the owner wants rather than the operator', () => {
    const wants = server({ 'recording.video': 'webm' });
    assert.equal(automaticVideo(wants, { recordingVideo: 'off' }, film), undefined);
    assert.deepEqual(
      automaticVideo(wants, { recordingVideo: 'mp4', recordingVideoLayout: 'gallery' }, film),
      { format: 'mp4', layout: 'gallery' },
    );
    assert.equal(automaticVideo(server(), { recordingVideoLayout: 'gallery' }, film), undefined);
  });

  it('is sound alone of a recording without pictures', () => {
    const sound = (recordingVideo: 'mp4' | 'webm' | 'm4a') =>
      automaticVideo(server(), { recordingVideo }, { mode: 'audio' })?.format;
    assert.deepEqual([sound('mp4'), sound('webm'), sound('m4a')], ['m4a', 'opus', 'm4a']);
    assert.equal(automaticVideo(server(), { recordingVideo: 'm4a' }, film)?.format, 'm4a');
  });
});
