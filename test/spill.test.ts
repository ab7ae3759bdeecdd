// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { runScenario, type Scenario } from '../bench/index.ts';
import { untilBaseline } from './support/gauges.ts';
import { TestServer } from './support/server.ts';

const LOAD: Scenario = {
  name: 'spill',
  description: 'Six people whose room is on two workers',
  rooms: 1,
  peersPerRoom: 6,
  joinsPerSecond: 10,
  durationSeconds: 4,
  video: { codec: 'vp8', layers: '180p' },
  talkersPerRoom: 1,
};

test('a room that spans two workers works like any other: everyone receives everyone without loss', async (t) => {
  const server = await TestServer.start({
    flags: ['--workers', '2'],
    // Every worker counts as full, so each person is placed on the least loaded one.
    env: { CANOPY_MEDIA_SPILL_PERCENT: '0' },
  });
  t.after(() => server.close());
  const apiKey = (await readFile(join(server.dataDir, 'api.key'), 'utf8')).trim();
  let routers: number | undefined;
  const progress = async (line: string) => {
    if (/^measuring/.test(line)) {
      routers ??= (await server.metrics()).get('canopy_objects{kind="routers"}');
    }
  };
  const run = await runScenario(LOAD, { url: server.url, apiKey }, (line) => void progress(line));
  assert.deepEqual(
    run.peers.flatMap(({ error }) => error ?? []),
    [],
  );
  for (const { videoStreams, audioStreams, silentVideoStreams } of run.peers) {
    assert.deepEqual({ videoStreams, audioStreams, silentVideoStreams }, EVERYBODY);
  }
  const lost = run.peers.reduce((sum, { inbound }) => sum + inbound.lostPackets, 0);
  const received = run.peers.reduce((sum, { inbound }) => sum + inbound.packets, 0);
  assert.ok(lost < 0.001 * received, `${lost} packets were lost, ${received} received`);
  assert.equal(routers, 2);
  for (const { complaints, decodedFrames } of run.peers.flatMap(({ decoded }) => decoded)) {
    assert.deepEqual(complaints, []);
    assert.ok(decodedFrames > 0);
  }
  await untilBaseline(server);
});

const EVERYBODY = { videoStreams: 5, audioStreams: 5, silentVideoStreams: 0 };
