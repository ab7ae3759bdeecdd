/** The server's metrics at one moment. */
export interface ServerSnapshot {
  atMs: number;
  /** CPU time of its Node process and of all media workers, in seconds. */
  nodeCpuSeconds: number;
  workerCpuSeconds: number;
  nodeRssBytes: number;
  workerMaxRssBytes: number;
  consumers: number;
  /** Media workers that died so far. */
  workerDeaths: number;
  /** Upper bounds of buckets in seconds, with cumulative counts, of the stages of joining. */
  joinStages: Record<string, Array<{ leSeconds: number; count: number }>>;
  /** Total duration of these stages, in seconds, and number of peers that went through them. */
  joinTotals: Record<string, { seconds: number; count: number }>;
}

/** Reads the metrics page (Prometheus text format). */
export async function probeServer(url: string): Promise<ServerSnapshot> {
  const response = await fetch(new URL('/metrics', url));
  if (!response.ok) {
    throw new Error(`${url}/metrics answered ${response.status}`);
  }
  const samples = parseMetrics(await response.text());
  const total = (name: string) =>
    samples.filter((sample) => sample.name === name).reduce((sum, { value }) => sum + value, 0);
  const joinStages: ServerSnapshot['joinStages'] = {};
  for (const { name, labels, value } of samples) {
    if (name !== 'canopy_join_stage_seconds_bucket' || !labels.stage) {
      continue;
    }
    const leSeconds = labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le);
    joinStages[labels.stage] = [...(joinStages[labels.stage] ?? []), { leSeconds, count: value }];
  }
  const ofStage = (name: string) =>
    samples.flatMap(({ name: each, labels: { stage }, value }) =>
      each === `canopy_join_stage_seconds_${name}` && stage ? [[stage, value] as const] : [],
    );
  const counts = new Map(ofStage('count'));
  return {
    atMs: Date.now(),
    nodeCpuSeconds: total('process_cpu_seconds_total'),
    workerCpuSeconds: total('canopy_worker_cpu_seconds'),
    nodeRssBytes: total('process_resident_memory_bytes'),
    workerMaxRssBytes: total('canopy_worker_max_rss_bytes'),
    consumers: total('canopy_worker_consumers'),
    workerDeaths: total('canopy_worker_deaths_total'),
    joinStages,
    joinTotals: Object.fromEntries(
      ofStage('sum').map(([stage, seconds]) => [stage, { seconds, count: counts.get(stage) ?? 0 }]),
    ),
  };
}

interface MetricSample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

function parseMetrics(page: string): MetricSample[] {
  return page
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .flatMap((line) => {
      const match = /^(\w+)(?:\{(.*)\})? (\S+)/.exec(line);
      if (!match?.[1]) {
        return [];
      }
      const pairs = [...(match[2] ?? '').matchAll(/(\w+)="([^"]*)"/g)];
      const labels = Object.fromEntries(pairs.map(([, name, value]) => [name, value]));
      return [{ name: match[1], labels, value: Number(match[3]) }];
    });
}

/** For each stage that exactly one peer went through between two snapshots: how long it took, in milliseconds. */
export function stagesOfOneMs(before: ServerSnapshot, after: ServerSnapshot): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after.joinTotals).flatMap(([stage, { seconds, count }]) => {
      const earlier = before.joinTotals[stage] ?? { seconds: 0, count: 0 };
      return count === earlier.count + 1 ? [[stage, (seconds - earlier.seconds) * 1000] as const] : [];
    }),
  );
}

/** The upper bound, in milliseconds, of a `share` of what the buckets counted; undefined without counts. */
export function quantileBoundMs(
  buckets: ReadonlyArray<{ leSeconds: number; count: number }> | undefined,
  share: number,
): number | undefined {
  const total = buckets?.at(-1)?.count ?? 0;
  if (total === 0) {
    return undefined;
  }
  const bound = buckets?.find(({ count }) => count >= share * total);
  return bound && bound.leSeconds * 1000;
}
