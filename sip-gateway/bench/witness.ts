import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { buildProgram } from './build-program.ts';
import { type PhoneFigure, round } from './figures.ts';

/** Columns of the first line in /proc/stat: steal, and those that add up to all time (the others, for guests, are included in them). */
const STEAL_COLUMN = 7;
const COLUMNS = 8;

/** Runs witness.c: measures how late an idle thread wakes up, i.e. how busy this machine is independently of our programs. */
export class Witness {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #before = cpuTimes();

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child;
  }

  /** Compiles and starts the program. @throws {Error} there is no C compiler */
  static async start(): Promise<Witness> {
    const { program, folder } = await buildProgram('witness');
    const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await rm(folder, { recursive: true, force: true });
    return new Witness(child);
  }

  /** Ends the program and returns its figures. */
  async stop(): Promise<PhoneFigure[]> {
    const after = cpuTimes();
    const answered = once(this.#child.stdout, 'data');
    this.#child.stdin.end();
    const [line] = (await answered) as [Buffer];
    const [realTime, p999Ms, maxMs] = line.toString('latin1').trim().split(' ');
    const spent = after.map((ticks, i) => ticks - (this.#before[i] ?? 0));
    const all = spent.reduce((total, ticks) => total + ticks, 0);
    const thread = realTime === '1' ? 'idle real-time thread' : 'idle thread';
    return [
      { label: `${thread} late by, p99.9; largest (ms)`, value: `${p999Ms}; ${maxMs}` },
      {
        label: 'stolen by the hypervisor (% of all cores)',
        value: round((100 * (spent[STEAL_COLUMN] ?? 0)) / all, 2),
      },
    ];
  }
}

function cpuTimes(): number[] {
  const [line = ''] = readFileSync('/proc/stat', 'latin1').split('\n');
  return line
    .split(/\s+/)
    .slice(1, COLUMNS + 1)
    .map(Number);
}
