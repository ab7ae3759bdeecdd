// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createLogger } from '../../base/index.ts';
import {
  type CompositionFormat,
  type CompositionLayout,
  composedFileName,
  type RecordingEvent,
} from '../../contract/index.ts';
import { compose, RecordingFolder } from '../../recorder/index.ts';
import { beepsIn, colourAt, flashesIn, probed } from '../support/composed.ts';
import { type MadeTrack, makeRecording } from '../support/made-recording.ts';
import { decodingFaults } from '../support/recordings.ts';
import { eventually } from '../support/wait.ts';

/** How far sound and picture may be apart, in seconds. */
const LIP_SYNC_S = 0.04;
const DURATION_MS = 6500;
/** When Ann's picture flashes and her microphone beeps, in seconds of the recording. */
const FLASHES_S = [2, 4.5];
const FLASH_S = 0.3;
const [ANN, BOB, EVE] = [1, 2, 3].map((n) => `00000000-0000-4000-8000-00000000000${n}`) as [
  string,
  string,
  string,
];
/** Names that would end a filter, a file name, or a subtitle, and one in both directions. */
const NAMES = {
  [ANN]: `'O\\N: "a"; [in] %{n}\n{\\fs400}', drawbox`,
  [BOB]: 'Bob,between(t,0,9)\\',
  [EVE]: 'مريم 😀 Eve',
};

const flashing = (offsetS: number) =>
  FLASHES_S.map((at) => `between(t,${at - offsetS - 0.001},${at - offsetS + FLASH_S - 0.001})`).join('+');
/** Pictures of this size from this second on of a track that begins at 0.5 s. */
const flash = (size: string, fromS: number, lengthS: number) =>
  `color=black:s=${size}:r=30:d=${lengthS},drawbox=color=white:t=fill:enable='${flashing(0.5 + fromS)}'`;

const TRACKS: MadeTrack[] = [
  {
    ...{ participantId: ANN, displayName: NAMES[ANN] as string, source: 'camera', offsetMs: 500 },
    durationMs: 6000,
    sources: [flash('320x180', 0, 3), flash('640x360', 3, 3)],
  },
  {
    ...{ participantId: ANN, displayName: NAMES[ANN] as string, source: 'microphone', offsetMs: 700 },
    durationMs: 5800,
    sources: [`aevalsrc=exprs='0.5*sin(2*PI*1000*t)*(${flashing(0.7)})':s=48000:d=5.8`],
  },
  {
    ...{ participantId: BOB, displayName: NAMES[BOB] as string, source: 'camera', offsetMs: 3000 },
    durationMs: 3500,
    sources: ['color=red:s=180x320:r=30:d=3.5'],
  },
];
const EVENTS: RecordingEvent[] = [
  { kind: 'joined', atMs: 0, participantId: ANN, displayName: NAMES[ANN] as string },
  { kind: 'joined', atMs: 0, participantId: EVE, displayName: NAMES[EVE] as string },
  { kind: 'joined', atMs: 2800, participantId: BOB, displayName: NAMES[BOB] as string },
  { kind: 'speaker', atMs: 3500, participantId: BOB },
  { kind: 'speaker', atMs: 5200, participantId: ANN },
];
/** Middles of tiles: Ann's and Bob's in a gallery of two and of four, and the large one beside others. */
const IN_GALLERY = { annOfTwo: '100:100:270:310', annOfThree: '60:60:290:150', bobOfThree: '60:60:610:510' };
const LARGE = '100:100:460:310';

function isRed([red = 0, green = 0, blue = 0]: number[]): boolean {
  return red > 150 && green < 80 && blue < 80;
}

describe('a composed file', () => {
  let root: string;
  let folder: string;
  const log = createLogger({ level: 'error', format: 'json' });

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'canopy-composed-'));
    folder = join(root, 'recording');
    await makeRecording(folder, { durationMs: DURATION_MS, tracks: TRACKS, events: EVENTS });
  });
  after(() => rm(root, { recursive: true, force: true }));

  async function composed(
    compositionId: string,
    layout: CompositionLayout,
    format: CompositionFormat,
    signal = new AbortController().signal,
    of = folder,
  ): Promise<{ path: string; percents: number[] }> {
    const percents: number[] = [];
    await compose(
      new RecordingFolder(of, log),
      { compositionId, layout, format, minFreeBytes: 0 },
      { signal, onProgress: (percent) => percents.push(percent) },
    );
    return { path: join(of, composedFileName({ compositionId, format })), percents };
  }
  async function assertSound(path: string, codecs: string[]): Promise<void> {
    const found = await probed(path);
    assert.deepEqual(found.codecs.sort(), codecs);
    assert.ok(Math.abs(found.durationS * 1000 - DURATION_MS) < 100, `${found.durationS} s`);
    assert.equal(await decodingFaults(path), '');
  }

  test('as an MP4 gallery: flashes and beeps together, late comers, a changing size, and names that mean nothing to ffmpeg', async () => {
    const { path, percents } = await composed('gallery', 'gallery', 'mp4');
    await assertSound(path, ['aac', 'h264']);
    assert.deepEqual(
      percents,
      [...percents].sort((a, b) => a - b),
    );
    const beeps = await beepsIn(path);
    const flashes = [
      ...(await flashesIn(path, IN_GALLERY.annOfTwo)).filter((at) => at < 3),
      ...(await flashesIn(path, IN_GALLERY.annOfThree)).filter((at) => at > 3.1),
    ];
    assert.equal(flashes.length, FLASHES_S.length, `flashes at ${flashes.join(', ')} s`);
    assert.equal(beeps.length, FLASHES_S.length, `beeps at ${beeps.join(', ')} s`);
    for (const [index, at] of FLASHES_S.entries()) {
      const [flash = 0, beep = 0] = [flashes[index], beeps[index]];
      assert.ok(Math.abs(flash - beep) <= LIP_SYNC_S, `flash at ${flash} s, beep at ${beep} s`);
      assert.ok(Math.abs(flash - at) <= 2 * LIP_SYNC_S, `flash at ${flash} s instead of ${at} s`);
    }
    assert.ok(!isRed(await colourAt(path, 1, IN_GALLERY.bobOfThree)));
    assert.ok(isRed(await colourAt(path, 5.5, IN_GALLERY.bobOfThree)));
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.endsWith('.work')),
      [],
    );
  });

  test('as a WebM of speakers: whoever speaks is large', async () => {
    const { path } = await composed('speaker', 'speaker', 'webm');
    await assertSound(path, ['opus', 'vp9']);
    const isBobLarge = [];
    for (const seconds of [2.8, 4, 5.9]) {
      isBobLarge.push(isRed(await colourAt(path, seconds, LARGE)));
    }
    assert.deepEqual(isBobLarge, [false, true, false]);
  });

  test('goes on after an end in the middle, with what was finished', async () => {
    const ending = new AbortController();
    const part = join(folder, 'composition-again.work', 'part-0');
    const first = composed('again', 'gallery', 'mp4', ending.signal);
    const refused = assert.rejects(first, /ended/);
    const { ino, mtimeMs } = await eventually(
      'a part is finished',
      () => stat(part).catch(() => undefined),
      (found) => found !== undefined,
      120_000,
    ).then((found) => found as NonNullable<typeof found>);
    ending.abort(new Error('ended'));
    await refused;
    const seen: number[] = [];
    await compose(
      new RecordingFolder(folder, log),
      { compositionId: 'again', layout: 'gallery', format: 'mp4', minFreeBytes: 0 },
      {
        signal: new AbortController().signal,
        onProgress: () =>
          void stat(part).then(
            (found) => seen.push(found.ino, found.mtimeMs),
            () => {},
          ),
      },
    );
    await assertSound(join(folder, 'composition-again.mp4'), ['aac', 'h264']);
    assert.ok(seen.length > 0 && seen.every((value) => value === ino || value === mtimeMs));
  });

  test('of a recording without pictures shows names, and one of sound alone has no picture', async () => {
    const silent = join(root, 'sound');
    const tracks = TRACKS.filter(({ source }) => source === 'microphone');
    await makeRecording(silent, { durationMs: DURATION_MS, tracks, events: [] });
    const { path } = await composed('names', 'speaker', 'mp4', undefined, silent);
    await assertSound(path, ['aac', 'h264']);
    for (const [format, codec] of [
      ['m4a', 'aac'],
      ['opus', 'opus'],
    ] as const) {
      const sound = await composed('sound', 'speaker', format, undefined, silent);
      await assertSound(sound.path, [codec]);
      assert.equal((await beepsIn(sound.path)).length, FLASHES_S.length);
    }
  });

  test('ends with a code when the disk has too little space, or nothing was recorded', async () => {
    const folderOf = (path: string) => new RecordingFolder(path, log);
    const work = { signal: new AbortController().signal, onProgress: () => {} };
    const options = { compositionId: 'full', layout: 'gallery', format: 'm4a' } as const;
    await assert.rejects(
      compose(folderOf(folder), { ...options, minFreeBytes: Number.MAX_SAFE_INTEGER }, work),
      { code: 'RECORDING_DISK_FULL' },
    );
    await assert.rejects(compose(folderOf(join(root, 'none')), { ...options, minFreeBytes: 0 }, work), {
      code: 'RECORDING_UNKNOWN',
    });
  });
});
