import { readdirSync } from 'node:fs';
import { untilBaseline } from '../gauges.ts';
import { memoryOf } from '../memory.ts';
import { eventually } from '../wait.ts';
import { collectGarbage, inspectorsIn } from './node-heap.ts';
import type { SoakRun } from './soak-run.ts';

/** SIP transactions time out after 32 s, and a phone without its gateway tries to unregister for that long. */
const PATIENCE_MS = 120_000;

/** Resources of the server's processes while nobody is there. */
export interface QuietSample {
  /** Live objects of all threads of the server, and of the gateway. */
  nodeHeapBytes: number;
  gatewayHeapBytes: number;
  nodeBytes: number;
  gatewayBytes: number;
  /** Of all workers together. */
  workersBytes: number;
  nodeDescriptors: number;
  gatewayDescriptors: number;
  workersDescriptors: number;
}

/** Waits until nothing is left of any visit or call, and measures the processes. */
export async function sampleWhenQuiet({ phones, server }: SoakRun): Promise<QuietSample> {
  await untilBaseline(server, PATIENCE_MS, 1);
  await eventually(
    'the gateway holds nothing of any call',
    async () => [...(await server.metrics())].filter(([name]) => name.startsWith('canopy_sip_objects{')),
    (objects) => objects.length > 0 && objects.every(([, count]) => count === 0),
    PATIENCE_MS,
  );
  await eventually(
    'the history knows how every call ended',
    async () => (await server.api<{ calls: unknown[] }>('GET', '/api/sip/calls?active=true')).calls,
    (calls) => calls.length === 0,
  );
  const workers = await server.workerPids();
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  const inspectors = inspectorsIn(server.log);
  const nodeHeapBytes = await collectGarbage(inspectors[0]);
  const gatewayHeapBytes = await collectGarbage(inspectors.at(-1));
  return {
    nodeHeapBytes,
    gatewayHeapBytes,
    nodeBytes: memoryOf(server.pid),
    gatewayBytes: memoryOf(phones.gatewayPid),
    workersBytes: sum(workers.map(memoryOf)),
    nodeDescriptors: descriptorsOf(server.pid),
    gatewayDescriptors: descriptorsOf(phones.gatewayPid),
    workersDescriptors: sum(workers.map(descriptorsOf)),
  };
}

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
