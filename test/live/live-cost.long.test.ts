/** What a live stream of five people costs: `npm run test:long -- live-cost`. See docs/figures.md. */
import assert from 'node:assert/strict';
import { loadavg } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { loadClip, processTime } from '../../bench/index.ts';
import { ClipTrack } from '../../client/node/index.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import { broadcasterPid, compositorPid } from '../support/live-processes.ts';
import { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'team';
const VOICES = [
  'speech-english',
  'speech-german',
  'speech-french',
  'speech-hungarian',
  'speech-english',
] as const;
/** How much of the stream is measured, in seconds. */
const SECONDS = 30;

describe('a live stream of five people with 720 lines', () => {
  let server: TestServer;
  const people: HeadlessPerson[] = [];

  before(async () => {
    server = await TestServer.start({ env: { CANOPY_LIVE_HLS: 'true' }, flags: ['--workers', '1'] });
    for (const [index, voice] of VOICES.entries()) {
      const person = await HeadlessPerson.enter(server, ROOM);
      people.push(person);
      await person.showCamera();
      const clips = [await loadClip(voice)] as const;
      await person.room.publish(new ClipTrack({ clips, startSeconds: index }), { source: 'microphone' });
    }
  });
  after(async () => {
    await Promise.all(people.map((person) => person.leave()));
    await server?.close();
  });

  it('costs about as much as the page says', async (t) => {
    const [ann] = people;
    assert.ok(ann);
    await ann.room.live.start({ kind: 'hls' });
    const playlist = new URL(ann.room.live.running?.path ?? '', server.url);
    const segment = async () => Number((await (await fetch(playlist)).text()).match(/(\d+)\.ts\s*$/)?.[1]);
    const pids = { compositor: await compositorPid(server), broadcaster: broadcasterPid(server) };
    const first = await segment();
    const beganMs = performance.now();
    const cpu = () => ({
      compositor: processTime(pids.compositor).total,
      broadcaster: processTime(pids.broadcaster).total,
    });
    const before = cpu();
    // Segments are two seconds long.
    await eventually(
      'enough is streamed',
      segment,
      (last) => last >= first + SECONDS / 2,
      5 * SECONDS * 1000,
    );
    const seconds = (performance.now() - beganMs) / 1000;
    const after = cpu();
    const compositor = (after.compositor - before.compositor) / SECONDS;
    const broadcaster = (after.broadcaster - before.broadcaster) / SECONDS;
    t.diagnostic(
      `per second of stream: compositor ${compositor.toFixed(2)} s of CPU, broadcaster ${broadcaster.toFixed(2)} s; ` +
        `${(SECONDS / seconds).toFixed(2)} times real time, load ${loadavg()[0]?.toFixed(1)}`,
    );
    assert.ok((compositor + broadcaster) * 100 <= 5 * ann.room.live.choices.cpuPercent);
  });
});
