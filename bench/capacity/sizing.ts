import { environment, round } from '../report/index.ts';
import { kneeOf } from './grow-to-knee.ts';
import type { CapacityRun } from './report.ts';

/** What one unit (a room, a phone) costs on the machine that measured it. */
export interface UnitCost {
  units: string;
  people: number;
  /** At the knee, under the quota. */
  atKnee: number;
  /** Percent of a core, of all processes, and of Node among them. */
  cpuPercent: number;
  nodePercent: number;
  sentMbps: number;
  receivedMbps: number;
  memoryMiB: number;
  packetsPerSecondPerCore: number;
  floorUs: number;
}

/** The figures of docs/sizing.md, which `npm run docs` makes from docs/sizing.json. */
export interface Sizing {
  measuredOn: { date: string; cpu: string; cores: number; quotaCores: number; stealPercent: number };
  costs: UnitCost[];
}

export function sizingOf({ startedAt, cores, results, machine: { before, after } }: CapacityRun): Sizing {
  const { cpu, cores: all } = environment();
  const ticks = Math.max(1, after.total - before.total);
  return {
    measuredOn: {
      date: startedAt.toISOString().slice(0, 10),
      cpu,
      cores: all,
      quotaCores: cores,
      stealPercent: round(((after.steal - before.steal) / ticks) * 100, 2),
    },
    costs: results.flatMap(({ units, people, floorUs, steps }) => {
      const knee = kneeOf(steps);
      if (!knee) {
        return [];
      }
      const { window, units: atKnee } = knee;
      const perUnit = (value: number, digits: number) => round(value / atKnee, digits);
      return [
        {
          units,
          people,
          atKnee,
          cpuPercent: perUnit(window.cores * 100, 2),
          nodePercent: perUnit(window.nodeCores * 100, 2),
          sentMbps: perUnit(window.sentMbps, 3),
          receivedMbps: perUnit(window.receivedMbps, 3),
          memoryMiB: perUnit(window.memoryBytes / 2 ** 20, 1),
          packetsPerSecondPerCore: Math.round(window.packetsPerSecond / cores),
          floorUs: round(floorUs, 2),
        },
      ];
    }),
  };
}

/** A machine for which the number of units is computed. */
export interface Machine {
  name: string;
  cores: number;
  /** Speed of a core in relation to one that measured. */
  coreRatio: number;
  linkMbps: number;
}

/** From here on Canopy lowers the quality of video (`media.cpuLimitPercent` − 10). */
const USABLE_CPU = 0.75;
/** The rest of a link is for other traffic, as the description of `media.linkMbps` advises. */
const USABLE_LINK = 0.9;

/** How many units a machine carries, and what ends it. */
export function carried(
  { cpuPercent, sentMbps, receivedMbps }: UnitCost,
  { cores, coreRatio, linkMbps }: Machine,
): { units: number; limit: 'CPU' | 'link' } {
  const byCpu = Math.floor((cores * coreRatio * USABLE_CPU * 100) / cpuPercent);
  const byLink = Math.floor((linkMbps * USABLE_LINK) / Math.max(sentMbps, receivedMbps));
  return byCpu < byLink ? { units: byCpu, limit: 'CPU' } : { units: byLink, limit: 'link' };
}

/** Table of the costs, as lines of Markdown. */
export function costTable({ costs }: Sizing): string[] {
  return [
    '| | CPU, % of a core (Node among it) | Mbit/s from the server; to it | memory, MiB | packets per second and core | `sendto()`, µs |',
    '| --- | --- | --- | --- | --- | --- |',
    ...costs.map(
      ({ units, cpuPercent, nodePercent, memoryMiB, packetsPerSecondPerCore, floorUs, ...link }) =>
        `| a ${units.replace(/s\b/, '')} | ${cpuPercent} (${nodePercent}) | ${link.sentMbps}; ${link.receivedMbps} | ${memoryMiB} | ${packetsPerSecondPerCore.toLocaleString('en')} | ${floorUs} |`,
    ),
  ];
}

/** Table of what machines carry, as lines of Markdown. */
export function machineTable({ costs }: Sizing, machines: readonly Machine[]): string[] {
  return [
    `| machine | ${costs.map(({ units }) => units).join(' | ')} |`,
    `| --- |${' --- |'.repeat(costs.length)}`,
    ...machines.map((machine) => {
      const cells = costs.map((cost) => {
        const { units, limit } = carried(cost, machine);
        const people = cost.people > 1 ? `, ${units * cost.people} people` : '';
        return `${units}${people} (${limit})`;
      });
      return `| ${machine.name} | ${cells.join(' | ')} |`;
    }),
  ];
}
