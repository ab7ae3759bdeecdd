import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { profileOf, sentCodec } from './profiles.ts';

const camera = { kind: 'video', source: 'camera' } as const;
const screen = { kind: 'video', source: 'screen' } as const;

describe('profileOf()', () => {
  it('sends a camera as three VP8 or H264 encodings, smallest first', () => {
    for (const codec of ['vp8', 'h264'] as const) {
      const { encodings } = profileOf({ ...camera, codec });
      assert.deepEqual(
        encodings?.map(({ scaleResolutionDownBy, maxBitrate }) => [scaleResolutionDownBy, maxBitrate]),
        [
          [4, 150_000],
          [2, 500_000],
          [1, 1_200_000],
        ],
      );
    }
  });

  it('sends fewer encodings of small video, and at least one', () => {
    const count = (height: number) => profileOf({ ...camera, height }).encodings?.length;
    assert.deepEqual([1080, 720, 540, 360, 270, 180, 90].map(count), [3, 3, 3, 2, 2, 1, 1]);
  });

  it('sends one encoding without simulcast', () => {
    const { encodings } = profileOf({ ...camera, simulcast: false });
    assert.deepEqual(encodings, [
      { scaleResolutionDownBy: 1, maxBitrate: 1_200_000, scalabilityMode: 'L1T3' },
    ]);
  });

  it('sends VP9 as K-SVC, but screens with one spatial layer', () => {
    const mode = (request: Parameters<typeof profileOf>[0]) =>
      profileOf(request).encodings?.[0]?.scalabilityMode;
    assert.equal(mode({ ...camera, codec: 'vp9' }), 'L3T3_KEY');
    assert.equal(mode({ ...camera, codec: 'vp9', simulcast: false }), 'L1T3');
    assert.equal(mode({ ...camera, codec: 'av1' }), 'L1T3');
    assert.equal(mode({ ...screen, codec: 'vp9', simulcast: true }), 'L1T3');
    assert.equal(profileOf(screen).encodings?.length, 1);
    assert.equal(profileOf({ ...screen, simulcast: true, height: 1080 }).encodings?.length, 2);
  });

  it('keeps Firefox’s largest encoding below 3600 macroblocks, so that it starts on ordinary networks too', () => {
    const scales = (width: number, height: number, firefox = true) =>
      profileOf({ ...camera, width, height, firefox }).encodings?.map(
        ({ scaleResolutionDownBy }) => scaleResolutionDownBy,
      );
    assert.deepEqual(scales(1280, 720), [4, 2, 1.015]);
    assert.deepEqual(scales(720, 1280), [4, 2, 1.015]);
    assert.deepEqual(scales(1920, 1080), [4, 2, 1.52]);
    assert.deepEqual(scales(960, 720), [4, 2, 1]);
    assert.deepEqual(scales(1280, 720, false), [4, 2, 1]);
    assert.equal(profileOf({ ...screen, firefox: true }).encodings?.[0]?.scaleResolutionDownBy, 1);
  });

  it('sends VP8 instead of VP9 from Firefox, whose VP9 has no layers', () => {
    assert.equal(sentCodec('vp9', true), 'vp8');
    assert.equal(sentCodec('vp9', false), 'vp9');
    assert.equal(sentCodec('h264', true), 'h264');
    assert.equal(sentCodec(undefined, true), undefined);
  });

  it('sends screens sharp at a low frame rate, and motion on them smoothly', () => {
    const [text] = profileOf(screen).encodings ?? [];
    assert.deepEqual([text?.maxFramerate, text?.maxBitrate], [15, 1_600_000]);
    assert.equal(profileOf({ ...screen, motion: true, codec: 'vp9' }).encodings?.[0]?.maxFramerate, 30);
    assert.equal(profileOf(camera).encodings?.[0]?.maxFramerate, undefined);
  });

  it('sends speech with DTX and FEC, and screen audio in stereo without DTX', () => {
    const { codecOptions: speech } = profileOf({ kind: 'audio', source: 'microphone' });
    assert.deepEqual(speech, { opusStereo: false, opusFec: true, opusDtx: true });
    const { codecOptions: music } = profileOf({ kind: 'audio', source: 'screen-audio' });
    assert.deepEqual(music, { opusStereo: true, opusFec: true, opusDtx: false });
  });
});
