import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { after, before, describe, test } from 'node:test';
import { loadClip } from '../../bench/index.ts';
import { ClipTrack } from '../../client/node/index.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import { readManifest } from '../support/recordings.ts';
import { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'filmed';
const VOICES = [
  'speech-english',
  'speech-german',
  'speech-french',
  'speech-hungarian',
  'speech-english',
] as const;
/** How much is recorded, in milliseconds. */
const LENGTH_MS = 45_000;
/** Lowest speed, in times real time: a fifth of the goal. */
const MIN_SPEED = 0.3;

describe('the speed at which a recording of five people becomes a video of 720 lines', () => {
  let server: TestServer;
  const people: HeadlessPerson[] = [];
  let recordingId = '';
  let durationMs = 0;

  before(async () => {
    server = await TestServer.start();
    for (const [index, voice] of VOICES.entries()) {
      const person = await HeadlessPerson.enter(server, ROOM);
      people.push(person);
      await person.showCamera();
      const clips = [await loadClip(voice)] as const;
      await person.room.publish(new ClipTrack({ clips, startSeconds: index }), { source: 'microphone' });
    }
    recordingId = (await people[0]?.room.recording.start()) ?? '';
    await eventually(
      'enough is recorded',
      () => readManifest(server, recordingId),
      (manifest) => manifest.tracks.length >= 10 && manifest.durationMs > LENGTH_MS,
      4 * LENGTH_MS,
    );
    await people[0]?.room.recording.stop();
    await Promise.all(people.map((person) => person.leave()));
    ({ durationMs } = await readManifest(server, recordingId));
  });
  after(() => server?.close());

  for (const [layout, format] of [
    ['speaker', 'mp4'],
    ['gallery', 'mp4'],
    ['speaker', 'webm'],
  ] as const) {
    test(`${layout}, ${format}`, async (t) => {
      const path = `/api/rooms/${ROOM}/recordings/${recordingId}/compositions`;
      const beganMs = performance.now();
      const { compositionId } = await server.api<{ compositionId: string }>('POST', path, { layout, format });
      await eventually(
        'it is made',
        () => server.api<{ status: string }>('GET', `${path}/${compositionId}`),
        ({ status }) => status === 'done',
        durationMs / MIN_SPEED,
      );
      const speed = durationMs / (performance.now() - beganMs);
      t.diagnostic(
        `${(durationMs / 1000).toFixed(0)} s composed at ${speed.toFixed(2)} times real time, ${availableParallelism()} cores`,
      );
      assert.ok(speed >= MIN_SPEED);
    });
  }
});
