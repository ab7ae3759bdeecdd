import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RecordedTrack, RecordingEvent } from '../../contract/index.ts';
import { spansBetween } from './picture-spans.ts';
import { sceneOf } from './scene.ts';
import { FRAME_RATE, stretchesOf, type Timeline } from './stretches.ts';
import { CANVAS, columnOf, galleryOf } from './tile-layout.ts';

/** A participant's track from `fromS` to `toS`, in seconds. */
function track(
  participantId: string,
  source: RecordedTrack['source'],
  fromS: number,
  toS: number,
): RecordedTrack {
  return {
    file: `001-${source}.webm`,
    codec: source === 'microphone' ? 'opus' : 'vp8',
    ...{ participantId, displayName: participantId, source, bytes: 1, isComplete: true },
    offsetMs: fromS * 1000,
    durationMs: (toS - fromS) * 1000,
  };
}

function timeline(durationS: number, tracks: RecordedTrack[], events: RecordingEvent[] = []): Timeline {
  const spans = tracks
    .filter(({ codec }) => codec !== 'opus')
    .map((each) => ({ track: each, fromMs: each.offsetMs, toMs: each.offsetMs + each.durationMs }));
  return { durationMs: durationS * 1000, tracks, spans, events };
}

/** Each stretch as `from-to people`, in seconds; `*` marks a person with a camera. */
function summary(given: Timeline): string[] {
  return stretchesOf(given).map(
    ({ fromFrame, toFrame, people }) =>
      `${fromFrame / FRAME_RATE}-${toFrame / FRAME_RATE} ${people
        .map(({ displayName, camera }) => `${displayName}${camera ? '*' : ''}`)
        .join(' ')}`,
  );
}

describe('how a recording is divided', () => {
  it('at each change of who is there and whose camera is on; those who join together are one change', () => {
    const tracks = [
      track('ann', 'camera', 0.2, 60),
      track('bob', 'microphone', 20, 40),
      track('bob', 'camera', 20.4, 30),
      track('bob', 'microphone', 50, 60),
    ];
    assert.deepEqual(summary(timeline(60, tracks)), [
      '0-20 ann*',
      '20-30 ann* bob*',
      '30-40 ann* bob',
      '40-50 ann*',
      '50-60 ann* bob',
    ]);
  });

  it('events tell who is there without a track, and under which name', () => {
    const events: RecordingEvent[] = [
      { kind: 'joined', atMs: 0, participantId: 'ann', displayName: 'Ann' },
      { kind: 'joined', atMs: 0, participantId: 'ann', displayName: 'Ann' },
      { kind: 'joined', atMs: 10_000, participantId: 'bob', displayName: 'Bob' },
      { kind: 'renamed', atMs: 20_000, participantId: 'ann', displayName: 'Anna' },
      { kind: 'left', atMs: 30_000, participantId: 'bob', displayName: 'Bob' },
    ];
    assert.deepEqual(summary(timeline(40, [], events)), [
      '0-10 Ann',
      '10-20 Ann Bob',
      '20-30 Bob Anna',
      '30-40 Anna',
    ]);
  });

  it('somebody who changes their name all the time is shown under the last name of each second', () => {
    const events: RecordingEvent[] = [{ kind: 'joined', atMs: 0, participantId: 'eve', displayName: 'Eve' }];
    for (let n = 1; n < 200_000; n += 1) {
      events.push({ kind: 'renamed', atMs: n * 10, participantId: 'eve', displayName: `Eve ${n % 2}` });
    }
    const stretches = stretchesOf(timeline(2000, [], events));
    assert.ok(stretches.length > 1000 && stretches.length <= 2000, `${stretches.length}`);
    assert.ok(stretches.every(({ people }) => people.length === 1));
  });

  it('long stretches are divided, none is shorter than a second, and together they are the whole', () => {
    const tracks = [
      track('ann', 'camera', 0.4, 500),
      track('bob', 'camera', 499.7, 500),
      ...Array.from({ length: 40 }, (_, n) => track('eve', 'camera', 100 + n / 3, 100.2 + n / 3)),
    ];
    const stretches = stretchesOf(timeline(500, tracks));
    assert.equal(stretches[0]?.fromFrame, 0);
    assert.equal(stretches.at(-1)?.toFrame, 500 * FRAME_RATE);
    for (const [index, { fromFrame, toFrame }] of stretches.entries()) {
      assert.equal(fromFrame, stretches[index - 1]?.toFrame ?? 0);
      const seconds = (toFrame - fromFrame) / FRAME_RATE;
      assert.ok(seconds >= 1 && seconds <= 121, `${seconds} s`);
    }
  });

  it('a recording with nothing in it is one empty stretch', () => {
    assert.deepEqual(summary(timeline(2, [])), ['0-2 ']);
    assert.deepEqual(summary(timeline(0, [])), []);
  });

  it('a camera that sends nothing for three seconds is off meanwhile', () => {
    assert.deepEqual(spansBetween([0, 33, 66, 5000, 5033, 9000]), [
      { fromMs: 0, toMs: 66 },
      { fromMs: 5000, toMs: 5033 },
    ]);
  });
});

describe('what is shown', () => {
  const tracks = ['ann', 'bob'].map((name) => track(name, 'camera', 0, 30));
  const speaker = (atS: number, participantId: string | null): RecordingEvent => {
    return { kind: 'speaker', atMs: atS * 1000, participantId };
  };

  it('whoever speaks is large; in silence, and while somebody speaks who is not there, the last one stays', () => {
    const events = [speaker(10, 'bob'), speaker(15, null), speaker(18, 'nobody'), speaker(20, 'ann')];
    const [stretch] = stretchesOf(timeline(30, tracks, events));
    assert.ok(stretch);
    const { pictures } = sceneOf(stretch, 'speaker');
    const turns = pictures.flatMap(({ span, ranges = [] }) =>
      ranges.map(({ from, to }) => `${span.track.displayName} ${from / FRAME_RATE}-${to / FRAME_RATE}`),
    );
    assert.deepEqual(turns.sort(), ['ann 0-10', 'ann 20-30', 'bob 10-20']);
    assert.equal(pictures.length, 4);
  });

  it('a screen is large in both layouts', () => {
    const [stretch] = stretchesOf(timeline(30, [...tracks, track('bob', 'screen', 0, 30)]));
    assert.ok(stretch);
    for (const layout of ['speaker', 'gallery'] as const) {
      const { pictures } = sceneOf(stretch, layout);
      const largest = pictures.reduce((a, b) => (b.rect.width > a.rect.width ? b : a));
      assert.equal(largest.span.track.source, 'screen');
      assert.equal(pictures.length, 3);
    }
  });

  it('somebody without a camera has a tile with their name', () => {
    const [stretch] = stretchesOf(timeline(30, [track('ann', 'microphone', 0, 30)]));
    assert.ok(stretch);
    const { names, pictures } = sceneOf(stretch, 'speaker');
    assert.deepEqual(pictures, []);
    assert.deepEqual(
      names.map(({ text, isCard }) => ({ text, isCard })),
      [{ text: 'ann', isCard: true }],
    );
  });

  it('tiles are on the canvas and do not overlap, for 1 to 25 people', () => {
    for (let count = 1; count <= 25; count += 1) {
      for (const rects of [galleryOf(count), columnOf(count)]) {
        assert.equal(rects.length, count);
        for (const [index, a] of rects.entries()) {
          assert.ok(a.x >= 0 && a.y >= 0 && a.x + a.width <= CANVAS.width && a.y + a.height <= CANVAS.height);
          assert.ok([a.x, a.y, a.width, a.height].every((value) => value % 2 === 0));
          for (const b of rects.slice(index + 1)) {
            const isApart =
              a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
            assert.ok(isApart, `${count} people`);
          }
        }
      }
    }
  });
});
