import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type ClipName, loadClip, processTime } from '../../bench/index.ts';
import { ClipTrack } from '../../client/node/index.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import { memoryOf } from '../support/memory.ts';
import { decodingFaults, readManifest, recorderPid } from '../support/recordings.ts';
import { TestServer } from '../support/server.ts';
import { lateGrowth } from '../support/trend.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'recorded';
const PEOPLE = 5;
/** Shorter for a quick look: RECORDED_MINUTES=10. */
const MINUTES = Number(process.env.RECORDED_MINUTES ?? 60);
const SAMPLE_MS = 10_000;
/** How often starts are timed, and costs are compared. */
const STARTS = 10;
const ROUNDS = 3;
const SETTLE_MS = 10_000;
const WINDOW_MS = 25_000;
/** What a recorder may cost, as a multiple of a receiver with the same layout, and how long a start may take. */
const MAX_COST = 1.5;
const MAX_START_MS = 300;
/** Growth of the recorder's memory from the third to the last quarter, in bytes. */
const MAX_GROWTH = 16 << 20;

/** CPU time in seconds of those who do the work. */
interface Cost {
  worker: number;
  node: number;
  recorder: number;
}

describe(`five people, recorded for ${MINUTES} minutes`, () => {
  let server: TestServer;
  const people: HeadlessPerson[] = [];

  before(async () => {
    server = await TestServer.start({ env: { CANOPY_MEDIA_DOWN_BUDGET_KBPS: '8000' } });
    for (let n = 0; n < PEOPLE; n += 1) {
      const person = await HeadlessPerson.enter(server, ROOM);
      people.push(person);
      await person.showCamera();
      const voice: ClipName = n === 0 ? 'speech-english' : 'silence';
      await person.room.publish(new ClipTrack({ clips: [await loadClip(voice)] }));
    }
    // Nobody else asks for anything, so that whatever is sent is sent for the recorder or the receiver.
    for (const person of people) {
      person.looksAt([]);
    }
  });
  after(async () => {
    await Promise.all(people.map((person) => person.leave()));
    await server?.close();
  });

  const first = () => people[0] ?? assert.fail('nobody is there');

  test('a start takes a fraction of a second', async (context: TestContext) => {
    const times: number[] = [];
    for (let n = 0; n < STARTS; n += 1) {
      const beganMs = performance.now();
      await first().room.recording.start();
      times.push(performance.now() - beganMs);
      await first().room.recording.stop();
    }
    times.sort((one, other) => one - other);
    const median = times[STARTS >> 1] ?? 0;
    context.diagnostic(`median ${median.toFixed(0)} ms, longest ${times.at(-1)?.toFixed(0)} ms`);
    // Five times the goal, for a busy machine.
    assert.ok(median < 5 * MAX_START_MS, `${times}`);
  });

  test('its cost is in proportion to that of a receiver with the same layout', async (context: TestContext) => {
    const [workerPid = 0] = await server.workerPids();
    const costs = { nobody: [] as Cost[], receiver: [] as Cost[], recorder: [] as Cost[] };
    const measure = async (): Promise<Cost> => {
      // Key frames, changes of layers, and the compilation of what has become hot are over by then.
      await delay(SETTLE_MS);
      const now = () => ({
        worker: processTime(workerPid).total,
        node: processTime(server.pid).total,
        recorder: processTime(recorderPid(server)).total,
      });
      const before = now();
      await delay(WINDOW_MS);
      const then = now();
      return {
        worker: then.worker - before.worker,
        node: then.node - before.node,
        recorder: then.recorder - before.recorder,
      };
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      costs.nobody.push(await measure());
      const receiver = await HeadlessPerson.enter(server, ROOM);
      receiver.looksAt(
        people.map((at, index) => ({
          at,
          ...(index === 0 ? { width: 1280, height: 720 } : { width: 640, height: 360 }),
        })),
      );
      const before = receiver.receivedBytes;
      const beganMs = performance.now();
      costs.receiver.push(await measure());
      const kbps = ((receiver.receivedBytes - before) * 8) / (performance.now() - beganMs);
      await receiver.leave();
      const recordingId = await first().room.recording.start();
      costs.recorder.push(await measure());
      await first().room.recording.stop();
      const { tracks, durationMs } = await readManifest(server, recordingId);
      const bytes = tracks.reduce((sum, track) => sum + track.bytes, 0);
      context.diagnostic(
        `received ${kbps.toFixed(0)} kbit/s, recorded ${((bytes * 8) / durationMs).toFixed(0)} kbit/s`,
      );
    }
    const sum = (all: readonly Cost[], what: keyof Cost) =>
      all.reduce((total, each) => total + each[what], 0);
    const share = (all: readonly Cost[]) => {
      const total = (what: keyof Cost) => (sum(all, what) * 1e5) / (ROUNDS * WINDOW_MS);
      return { worker: total('worker'), node: total('node'), recorder: total('recorder') };
    };
    const [idle, receiver, recorder] = [
      share(costs.nobody),
      share(costs.receiver),
      share(costs.recorder),
    ] as const;
    const more = (than: Cost) =>
      than.worker + than.node + than.recorder - idle.worker - idle.node - idle.recorder;
    const ratio = more(recorder) / more(receiver);
    for (const [name, cost] of Object.entries({ nobody: idle, receiver, recorder })) {
      context.diagnostic(
        `${name}: worker ${cost.worker.toFixed(1)} %, Node ${cost.node.toFixed(1)} %, recorder ${cost.recorder.toFixed(1)} % of a core`,
      );
    }
    context.diagnostic(`the recorder costs ${ratio.toFixed(2)} × a receiver`);
    assert.ok(ratio < 5 * MAX_COST, `${ratio}`);
  });

  test('the memory stays flat, and every file plays', async (context: TestContext) => {
    const recordingId = await first().room.recording.start();
    const pid = recorderPid(server);
    const memory: number[] = [];
    const untilMs = performance.now() + MINUTES * 60_000;
    while (performance.now() < untilMs) {
      await delay(SAMPLE_MS);
      memory.push(memoryOf(pid));
    }
    const mebibytes = (bytes: number) => `${(bytes / (1 << 20)).toFixed(0)} MiB`;
    context.diagnostic(
      `memory of the recorder: ${mebibytes(memory[0] ?? 0)} at first, ${mebibytes(Math.max(...memory))} at most, ${mebibytes(memory.at(-1) ?? 0)} at the end`,
    );
    await first().room.recording.stop();
    await eventually(
      'its files are complete',
      async () => (await readManifest(server, recordingId)).tracks.every(({ isComplete }) => isComplete),
      Boolean,
      60_000,
    );
    const { tracks, durationMs } = await readManifest(server, recordingId);
    assert.equal(recorderPid(server), pid, 'the recorder has not died');
    const cameras = tracks.filter(({ source }) => source === 'camera');
    assert.equal(cameras.length, PEOPLE, 'each picture is in one file');
    for (const { file, offsetMs, durationMs: lengthMs } of cameras) {
      assert.ok(Math.abs(offsetMs + lengthMs - durationMs) < 1000, `${file}: ${offsetMs} + ${lengthMs}`);
    }
    // The microphones of silent people may be forwarded late, or never.
    for (const { file } of tracks) {
      assert.equal(await decodingFaults(join(server.dataDir, 'recordings', recordingId, file)), '', file);
    }
    assert.ok(lateGrowth(memory) < MAX_GROWTH, `${memory.map(mebibytes)}`);
  });
});
