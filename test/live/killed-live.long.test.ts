import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { RunningLive } from '../../client/sdk/index.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import { broadcasterPid, childrenOf, compositorPid, isRunning } from '../support/live-processes.ts';
import { RtmpServer } from '../support/rtmp-server.ts';
import { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'team';
const PATIENCE_MS = 60_000;

describe('a live stream whose processes are killed', () => {
  let server: TestServer;
  let rtmp: RtmpServer;
  let ann: HeadlessPerson;
  let bob: HeadlessPerson;
  /** Whether the stream flowed, each time that Bob was told. */
  let told: Array<boolean | string | undefined>;
  /** What happened to the people in the call. */
  const disturbances: string[] = [];

  before(async () => {
    rtmp = await RtmpServer.start();
    server = await TestServer.start({
      env: { CANOPY_LIVE_HLS: 'true', CANOPY_LIVE_TARGETS: rtmp.target, CANOPY_LIVE_HEIGHT: '240' },
      flags: ['--workers', '1'],
    });
    ann = await HeadlessPerson.enter(server, ROOM);
    bob = await HeadlessPerson.enter(server, ROOM);
    await ann.showCamera();
    for (const { room } of [ann, bob]) {
      room.on('state', (state) => disturbances.push(state));
    }
    bob.room.live.on('changed', (running, _by, reason) => told.push(running ? running.isFlowing : reason));
    bob.looksAt([{ at: ann, width: 320, height: 180 }]);
  });
  afterEach(async () => {
    if (server.alive) {
      await ann.room.live.stop();
    }
  });
  after(async () => {
    await ann?.leave();
    await bob?.leave();
    await server?.close();
    await rtmp?.close();
  });

  /** Starts a stream. Resolves with what Bob knows of it. */
  async function start(options: Parameters<typeof ann.room.live.start>[0]): Promise<RunningLive> {
    told = [];
    await ann.room.live.start(options);
    return (await eventually('Bob is told', () => bob.room.live.running)) as RunningLive;
  }

  /** The last segment of a playlist, and how often the stream was interrupted in it. */
  async function listed(playlist: URL): Promise<{ last: number; gaps: number }> {
    const text = await (await fetch(playlist)).text();
    const segments = [...text.matchAll(/^(\d+)\.ts$/gm)];
    return {
      last: Number(segments.at(-1)?.[1] ?? -1),
      gaps: text.match(/^#EXT-X-DISCONTINUITY$/gm)?.length ?? 0,
    };
  }

  async function goesOn(): Promise<void> {
    await eventually('it goes on', () => told.join() === 'true,false,true', Boolean, PATIENCE_MS);
  }

  it('goes on with a new compositor in the same playlist, and people are told', async () => {
    const { path } = await start({ kind: 'hls' });
    const playlist = new URL(path ?? '', server.url);
    const before = await listed(playlist);
    const killed = await compositorPid(server);
    process.kill(killed, 'SIGKILL');
    await goesOn();
    const after = await listed(playlist);
    assert.ok(after.last > before.last && after.gaps === 1, JSON.stringify({ before, after }));
    assert.notEqual(await compositorPid(server), killed);
  });

  it('goes on with the next broadcaster, and the compositor of the first one ends', async () => {
    const { path } = await start({ kind: 'hls' });
    const playlist = new URL(path ?? '', server.url);
    const before = await listed(playlist);
    const compositor = await compositorPid(server);
    process.kill(broadcasterPid(server), 'SIGKILL');
    await eventually('the orphan ends', () => !isRunning(compositor));
    await goesOn();
    const after = await listed(playlist);
    assert.ok(after.last > before.last && after.gaps === 1, JSON.stringify({ before, after }));
  });

  it('leaves no process behind when it is stopped, also while it is interrupted', async () => {
    await start({ kind: 'hls' });
    process.kill(await compositorPid(server), 'SIGKILL');
    await eventually('Bob knows', () => told.at(-1) === false);
    await bob.room.live.stop();
    assert.deepEqual(childrenOf(broadcasterPid(server)), []);
    await eventually('Bob is told', () => told.at(-1) === 'stopped');
  });

  it('ends with a reason when its RTMP server stays away', async () => {
    await start({ kind: 'rtmp', target: rtmp.target, key: 'key' });
    await rtmp.close();
    await eventually('it is interrupted', () => told.at(-1) === false, Boolean, PATIENCE_MS);
    await eventually('it ends', () => told.at(-1) === 'failed', Boolean, 3 * PATIENCE_MS);
    assert.equal(bob.room.live.running, null);
    assert.deepEqual(childrenOf(broadcasterPid(server)), []);
  });

  it('disturbs nobody in the call', async () => {
    assert.deepEqual(disturbances, []);
    const { receivedBytes } = bob;
    await eventually('Bob still receives Ann', () => bob.receivedBytes > receivedBytes + 20_000);
  });

  it('leaves no process behind when the server is killed', async () => {
    await start({ kind: 'hls' });
    const processes = [broadcasterPid(server), await compositorPid(server)];
    await server.crash();
    await eventually('they have ended', () => !processes.some(isRunning), Boolean, PATIENCE_MS);
  });
});
