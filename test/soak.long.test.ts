import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { runScenario } from '../bench/index.ts';
import { untilBaseline } from './support/gauges.ts';
import { memoryOf } from './support/memory.ts';
import { noPjsua } from './support/pjsua-phone.ts';
import { newIdentity } from './support/protocol-client.ts';
import { TestServer } from './support/server.ts';
import {
  bridges,
  callsFromAfar,
  callsIn,
  collectGarbage,
  INSPECTABLE,
  inspectorsIn,
  invitePeople,
  invites,
  isCalled,
  kills,
  LOAD,
  moderates,
  type QuietSample,
  revokes,
  SoakRun,
  sampleWhenQuiet,
  visits,
  watches,
} from './support/soak/index.ts';
import { lateGrowth } from './support/trend.ts';

/** Total time of the rounds, in minutes, without the quiet periods between them. */
const MINUTES = Number(process.env.SOAK_MINUTES ?? 60);
/** Number of rounds; everyone leaves after each. Processes are killed in the first half; the second half shows the trend. */
const SOAK_ROUNDS = Math.max(4, Math.floor(MINUTES / 5));
/** Number of rounds of the same load in the memory test; the first half is for warming up. */
const ROUNDS = Number(process.env.SOAK_ROUNDS ?? 20);
/** How much more memory the last quarter of the rounds may use than the quarter before: garbage, but no trend. */
const GROWTH_BYTES = 16 << 20;
const HEAP_GROWTH_BYTES = 4 << 20;
const GROWTH_DESCRIPTORS = 8;

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

const shown = (sample: QuietSample): string =>
  Object.entries(sample)
    .map(([name, value]) => `${name} ${name.endsWith('Bytes') ? mebibytes(value) : value}`)
    .join(', ');

/** Everything that people, phones, bridges and operators do, repeated until the round ends. */
async function cast(run: SoakRun): Promise<Array<() => Promise<void>>> {
  const people = await invitePeople(run);
  const member = (displayName: string) => newIdentity(run.server, { role: 'member', displayName });
  const [first, second, caller, moderator, guide] = await Promise.all(
    ['Ann', 'Bob', 'Cid', 'Dee', 'Eva'].map(member),
  );
  const bridge = await newIdentity(run.server, { role: 'bridge', displayName: 'Bridge' });
  assert.ok(first && second && caller && moderator && guide);
  return [
    ...people.map((identity, index) => () => visits(run, identity, index)),
    () => callsIn(run, first, { username: '1001', codecs: 'PCMU/8000/1', protocol: 'udp' }),
    () => callsIn(run, second, { username: '1002', codecs: 'opus/48000/2', protocol: 'tls' }),
    () => isCalled(run, caller, { username: '1003', codecs: 'G722/16000/1', protocol: 'tcp' }),
    ...(noPjsua ? [] : [() => callsFromAfar(run, '1004')]),
    () => bridges(run, bridge, guide),
    () => moderates(run, moderator),
    () => revokes(run),
    () => invites(run),
    () => watches(run),
  ];
}

/** Fails if resource usage keeps growing in the second half of the rounds. */
function assertFlat(t: TestContext, samples: readonly QuietSample[]): void {
  for (const name of Object.keys(samples[0] ?? {}) as Array<keyof QuietSample>) {
    const growth = lateGrowth(samples.map((sample) => sample[name]));
    const isMemory = name.endsWith('Bytes');
    const limit = name.endsWith('HeapBytes')
      ? HEAP_GROWTH_BYTES
      : isMemory
        ? GROWTH_BYTES
        : GROWTH_DESCRIPTORS;
    t.diagnostic(`${name}: ${isMemory ? mebibytes(growth) : growth} more in the last quarter than before`);
    assert.ok(growth < limit, `${name} grew by ${growth}`);
  }
}

describe('soak', () => {
  it(`${MINUTES} minutes of people, phones, bridges, moderation and dying processes leave no objects behind`, async (t) => {
    const run = await SoakRun.start(['1001', '1002', '1003', '1004']);
    try {
      const acts = await cast(run);
      const roundMs = (MINUTES * 60_000) / SOAK_ROUNDS;
      const samples: QuietSample[] = [];
      for (let round = 0; round < SOAK_ROUNDS; round += 1) {
        run.startRound(roundMs);
        await Promise.all([
          ...acts.map((act) => act()),
          round < SOAK_ROUNDS / 2 ? kills(run, roundMs) : undefined,
        ]);
        const sample = await sampleWhenQuiet(run);
        samples.push(sample);
        t.diagnostic(
          `round ${round + 1}: ${shown(sample)}; done ${JSON.stringify(Object.fromEntries(run.done))}`,
        );
        for (const failure of run.failures.slice(samples.length === 1 ? 0 : -3)) {
          t.diagnostic(failure);
        }
      }
      t.diagnostic(`failed because of a kill: ${JSON.stringify(Object.fromEntries(run.excused))}`);
      assert.deepEqual(run.failures, []);
      assert.deepEqual(run.unexplainedErrors(), []);
      const metrics = await run.server.metrics();
      assert.equal(metrics.get('canopy_errors_total{code="INTERNAL"}') ?? 0, 0);
      assert.equal(metrics.get('canopy_worker_deaths_total'), run.workerKills, 'no other worker died');
      assert.equal(
        metrics.get('canopy_sip_gateway_restarts_total'),
        run.gatewayKills,
        'nor any other gateway',
      );
      assertFlat(t, samples);
    } finally {
      await run.close();
    }
  });

  it(`memory stays flat over ${ROUNDS} rounds of the same load`, async (t) => {
    const server = await TestServer.start({
      flags: ['--workers', '1'],
      env: { NODE_OPTIONS: INSPECTABLE },
    });
    try {
      const apiKey = (await readFile(join(server.dataDir, 'api.key'), 'utf8')).trim();
      const samples: Array<{ heap: number; node: number; worker: number }> = [];
      for (let round = 1; round <= ROUNDS; round += 1) {
        const run = await runScenario(LOAD, { url: server.url, apiKey }, () => undefined);
        assert.deepEqual(
          run.peers.flatMap(({ error }) => error ?? []),
          [],
        );
        await untilBaseline(server);
        const [worker] = await server.workerPids();
        assert.ok(worker);
        // Without a collection, Node's resident memory tells how much garbage is waiting: 100 MiB more or less.
        const heap = await collectGarbage(inspectorsIn(server.log)[0]);
        const sample = { heap, node: memoryOf(server.pid), worker: memoryOf(worker) };
        samples.push(sample);
        t.diagnostic(
          `round ${round}: Node ${mebibytes(sample.node)} (heap ${mebibytes(heap)}), worker ${mebibytes(sample.worker)}`,
        );
      }
      for (const kind of ['heap', 'node', 'worker'] as const) {
        const growth = lateGrowth(samples.map((sample) => sample[kind]));
        t.diagnostic(`${kind}: ${mebibytes(growth)} more in the last quarter than in the one before`);
        assert.ok(
          growth < (kind === 'heap' ? HEAP_GROWTH_BYTES : GROWTH_BYTES),
          `${kind} grew by ${mebibytes(growth)}`,
        );
      }
    } finally {
      await server.close();
    }
  });
});
