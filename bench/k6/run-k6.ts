import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PreparedPerson } from './prepared-person.ts';
import { readSamples, type Sample } from './samples.ts';
import type { K6Scenario } from './scenarios.ts';

const OWN_FILE = fileURLToPath(import.meta.url);
/** k6's exit status if a threshold was crossed. */
const THRESHOLDS_CROSSED = 99;
const CPU_INTERVAL_MS = 250;
/** Linux counts CPU time in hundredths of a second. */
const TICKS_A_SECOND = 100;

/** One metric of k6's end-of-test summary. */
export interface K6Metric {
  type: 'trend' | 'rate' | 'counter' | 'gauge';
  values: Record<string, number>;
  thresholds?: Record<string, { ok: boolean }>;
}

export interface K6Result {
  thresholdsMet: boolean;
  metrics: Record<string, K6Metric>;
  samples: Sample[];
  /** Number of failures by stage, code and details. */
  errors: Record<string, number>;
  /** CPU time that k6 had used by then. */
  cpu: Array<{ atMs: number; seconds: number }>;
}

/** Runs a scenario's script against a server. Throws if k6 itself fails; a crossed threshold is a result. */
export async function runK6(
  k6: string,
  scenario: K6Scenario,
  { url, people }: { url: string; people: readonly PreparedPerson[] },
): Promise<K6Result> {
  const folder = await mkdtemp(path.join(tmpdir(), 'canopy-k6-'));
  const file = (name: string) => path.join(folder, name);
  try {
    await writeFile(file('people.json'), JSON.stringify(people), { mode: 0o600 });
    // If this runs as .js, the scripts are .js too.
    const script = path.join(
      path.dirname(OWN_FILE),
      'scripts',
      `${scenario.script}${path.extname(OWN_FILE)}`,
    );
    const outputs = ['--out', `csv=${file('samples.csv')}`, '--system-tags', 'status'];
    const child = spawn(
      k6,
      ['run', '--quiet', '--no-color', '--no-usage-report', '--address', '', ...outputs, script],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          // How Node and Go are told to trust another authority.
          ...(process.env.NODE_EXTRA_CA_CERTS && { SSL_CERT_FILE: process.env.NODE_EXTRA_CA_CERTS }),
          K6_CSV_TIME_FORMAT: 'unix_milli',
          CANOPY_URL: new URL(url).origin,
          CANOPY_PEOPLE: file('people.json'),
          CANOPY_SUMMARY: file('summary.json'),
          CANOPY_PEERS: String(scenario.peers),
          CANOPY_ROOM_SIZE: String(scenario.peersPerRoom),
          CANOPY_JOINS_PER_SECOND: String(scenario.joinsPerSecond),
          CANOPY_SECONDS: String(scenario.durationSeconds),
          CANOPY_REQUESTS_PER_SECOND: String(scenario.requestsPerSecond),
        },
      },
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-10_000);
      });
    }
    const cpu: K6Result['cpu'] = [];
    const timer = setInterval(
      () => cpu.push({ atMs: Date.now(), seconds: cpuSeconds(child.pid) }),
      CPU_INTERVAL_MS,
    );
    const [code] = await once(child, 'close').finally(() => clearInterval(timer));
    if (code !== 0 && code !== THRESHOLDS_CROSSED) {
      throw new Error(`k6 exited with ${code}:\n${output}`);
    }
    const { metrics } = JSON.parse(await readFile(file('summary.json'), 'utf8'));
    return { thresholdsMet: code === 0, metrics, ...(await readSamples(file('samples.csv'))), cpu };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** CPU time of a process with all its threads; 0 without /proc. */
function cpuSeconds(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
  } catch {
    return 0;
  }
}
