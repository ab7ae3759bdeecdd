import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { loadClip } from '../../bench/index.ts';
import { ClipTrack, DelayHistogram, ReceivedTrack } from '../../client/node/index.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import { readManifest } from '../support/recordings.ts';
import { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'filmed';
const VOICES = ['speech-english', 'speech-german', 'speech-french', 'silence', 'silence'] as const;
/** How much is recorded, and how long the room is watched without a composition, in milliseconds. */
const LENGTH_MS = 30_000;
/** The composition may take this many times as long: everything else goes first. */
const PATIENCE = 10;
/** How much later the latest hundredth of packets may be while a video is made, in milliseconds: five times the goal. */
const MAX_LATER_MS = 100;

describe('a room of five people, while its recording becomes a video on the same machine', () => {
  let server: TestServer;
  const people: HeadlessPerson[] = [];
  let recordingId = '';

  before(async () => {
    server = await TestServer.start();
    for (const voice of VOICES) {
      const person = await HeadlessPerson.enter(server, ROOM);
      people.push(person);
      await person.showCamera();
      await person.room.publish(new ClipTrack({ clips: [await loadClip(voice)] }), { source: 'microphone' });
    }
    for (const person of people) {
      const [first, ...others] = people.filter((each) => each !== person);
      assert.ok(first);
      person.looksAt([
        { at: first, width: 1280, height: 720 },
        ...others.map((at) => ({ at, width: 640, height: 360 })),
      ]);
    }
    recordingId = (await people[0]?.room.recording.start()) ?? '';
    await eventually(
      'enough is recorded',
      () => readManifest(server, recordingId),
      ({ tracks, durationMs }) => tracks.length >= 8 && durationMs > LENGTH_MS,
      4 * LENGTH_MS,
    );
    await people[0]?.room.recording.stop();
  });
  after(async () => {
    await Promise.all(people.map((person) => person.leave()));
    await server?.close();
  });

  const streams = () =>
    people.flatMap(({ room }) =>
      room.tracks.flatMap(({ track }) => (track instanceof ReceivedTrack ? [track.stream] : [])),
    );
  const sum = (what: 'packets' | 'lostPackets') =>
    streams().reduce((total, { counters }) => total + counters[what], 0);

  /** What arrives at everybody meanwhile. */
  async function received(meanwhile: Promise<unknown>) {
    for (const { oneWayDelay } of streams()) {
      oneWayDelay.clear();
    }
    const before = { packets: sum('packets'), lost: sum('lostPackets') };
    const beganMs = performance.now();
    await meanwhile;
    const delays = new DelayHistogram();
    for (const { oneWayDelay } of streams()) {
      delays.merge(oneWayDelay.toJSON());
    }
    return {
      seconds: (performance.now() - beganMs) / 1000,
      packets: sum('packets') - before.packets,
      lost: sum('lostPackets') - before.lost,
      medianMs: delays.quantileMs(0.5),
      lateMs: delays.quantileMs(0.99),
    };
  }

  async function compose(): Promise<void> {
    const path = `/api/rooms/${ROOM}/recordings/${recordingId}/compositions`;
    const asked = { layout: 'speaker', format: 'mp4' };
    const { compositionId } = await server.api<{ compositionId: string }>('POST', path, asked);
    await eventually(
      'it is made',
      () => server.api<{ status: string }>('GET', `${path}/${compositionId}`),
      ({ status }) => status === 'done',
      PATIENCE * LENGTH_MS,
    );
  }

  test('loses no packet, and gets them as early as before', async (context: TestContext) => {
    const alone = await received(delay(LENGTH_MS));
    const beside = await received(compose());
    for (const [name, { seconds, packets, lost, medianMs, lateMs }] of Object.entries({ alone, beside })) {
      context.diagnostic(
        `${name}: ${packets} packets in ${seconds.toFixed(0)} s, ${lost} lost; delay ${medianMs} ms, of the latest hundredth ${lateMs} ms`,
      );
    }
    assert.ok(beside.lost <= alone.lost, `${beside.lost} packets were lost`);
    assert.ok(beside.lateMs - alone.lateMs < MAX_LATER_MS, `${beside.lateMs} instead of ${alone.lateMs} ms`);
  });
});
