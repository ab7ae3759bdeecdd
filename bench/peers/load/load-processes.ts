import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { DelayHistogram } from '../../../client/node/index.ts';
import type { Access } from '../load-client.ts';
import type { Variant } from '../systems.ts';
import {
  DELAY_BUCKET_MS,
  type FromLoadProcess,
  type LoadCounts,
  type Person,
  type ToLoadProcess,
} from './messages.ts';

const OWN_FILE = fileURLToPath(import.meta.url);
/** `.js` in the npm package. */
const LOAD_PROCESS = path.join(path.dirname(OWN_FILE), `load-process${path.extname(OWN_FILE)}`);

/** The counts of all processes. */
export interface Counts extends Omit<LoadCounts, 'delay' | 'cpuSeconds'> {
  atMs: number;
  delay: DelayHistogram;
  /** By process. */
  cpuSeconds: number[];
}

/** A process, which answers messages in their order. */
class LoadProcess {
  readonly #child: ChildProcess;
  readonly #waiting: Array<PromiseWithResolvers<FromLoadProcess>> = [];

  constructor() {
    this.#child = fork(LOAD_PROCESS, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (answer: FromLoadProcess) => this.#waiting.shift()?.resolve(answer));
    this.#child.once('exit', (code) => {
      for (const { reject } of this.#waiting.splice(0)) {
        reject(new Error(`a load process exited with ${code}`));
      }
    });
  }

  async ask(message: ToLoadProcess): Promise<FromLoadProcess> {
    const waiting = Promise.withResolvers<FromLoadProcess>();
    this.#waiting.push(waiting);
    this.#child.send(message);
    const answer = await waiting.promise;
    if (answer.type === 'done' && answer.error !== undefined) {
      throw new Error(answer.error);
    }
    return answer;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await exited;
    }
  }
}

/** People of one system, spread over some processes. */
export class LoadProcesses {
  readonly #processes: LoadProcess[];
  readonly #placed = new Map<string, LoadProcess>();

  constructor(count: number) {
    this.#processes = Array.from({ length: count }, () => new LoadProcess());
  }

  /** @param delayMs - one way, between them and the server; 0 for none */
  async prepare(variant: Variant, access: Access, people: readonly Person[], delayMs = 0): Promise<void> {
    const shares = this.#processes.map((): Person[] => []);
    for (const [index, person] of people.entries()) {
      const at = index % this.#processes.length;
      shares[at]?.push(person);
      this.#placed.set(person.name, this.#processes[at] as LoadProcess);
    }
    await Promise.all(
      this.#processes.map((process, index) =>
        process.ask({ type: 'prepare', variant, access, people: shares[index] ?? [], delayMs }),
      ),
    );
  }

  async tell(type: 'enter' | 'watch' | 'leave', name: string): Promise<void> {
    await this.#placed.get(name)?.ask({ type, name });
  }

  async read(): Promise<Counts> {
    const answers = await Promise.all(this.#processes.map((process) => process.ask({ type: 'read' })));
    const all = answers.flatMap((answer) => (answer.type === 'counts' ? [answer.counts] : []));
    const sum = (pick: (counts: LoadCounts) => number) =>
      all.reduce((total, counts) => total + pick(counts), 0);
    const delay = new DelayHistogram(DELAY_BUCKET_MS);
    for (const counts of all) {
      delay.merge(counts.delay);
    }
    return {
      atMs: performance.now(),
      delay,
      cpuSeconds: all.map((counts) => counts.cpuSeconds),
      sentPackets: sum(({ sentPackets }) => sentPackets),
      packets: sum(({ packets }) => packets),
      bytes: sum(({ bytes }) => bytes),
      lostPackets: sum(({ lostPackets }) => lostPackets),
      repairedPackets: sum(({ repairedPackets }) => repairedPackets),
      duplicatePackets: sum(({ duplicatePackets }) => duplicatePackets),
      flowing: sum(({ flowing }) => flowing),
      streams: sum(({ streams }) => streams),
      firstPacketMs: Object.assign({}, ...all.map(({ firstPacketMs }) => firstPacketMs)),
      srtpProfiles: all.flatMap(({ srtpProfiles }) => srtpProfiles),
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.kill()));
  }
}
