import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface SegmentFault {
  /** Groups of datagrams fail with this errno. Default: they are sent. */
  errno?: number;
  /** How many single sends fail with EAGAIN after such a group. */
  blocked?: number;
  /** Value of MEDIASOUP_UDP_SEGMENTATION. */
  setting?: string;
}

/** Media workers whose sends of groups are counted, or refused. */
export class SegmentFaults {
  readonly #folder: string;
  #made = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(): Promise<SegmentFaults> {
    const folder = await mkdtemp(join(tmpdir(), 'canopy-segment-fault-'));
    const source = fileURLToPath(new URL('segment-fault.c', import.meta.url));
    await promisify(execFile)('cc', [
      '-O2',
      '-shared',
      '-fPIC',
      '-o',
      join(folder, 'fault.so'),
      source,
      '-ldl',
    ]);
    return new SegmentFaults(folder);
  }

  /** A program that runs a worker this way, and the sizes of the groups that it has tried to send so far. */
  async wrap(
    worker: string,
    { errno, blocked, setting }: SegmentFault,
  ): Promise<{ workerBin: string; groups: () => Promise<number[]> }> {
    this.#made += 1;
    const workerBin = join(this.#folder, `worker-${this.#made}`);
    const log = `${workerBin}.log`;
    const environment = [
      // A worker with AddressSanitizer does not start when anything is loaded before it.
      'ASAN_OPTIONS="verify_asan_link_order=0:$ASAN_OPTIONS"',
      `LD_PRELOAD='${join(this.#folder, 'fault.so')}'`,
      `SEGMENT_LOG='${log}'`,
      ...(errno === undefined ? [] : [`SEGMENT_ERRNO=${errno}`]),
      ...(blocked === undefined ? [] : [`SEGMENT_BLOCKED=${blocked}`]),
      ...(setting === undefined ? [] : [`MEDIASOUP_UDP_SEGMENTATION=${setting}`]),
    ];
    await writeFile(workerBin, `#!/bin/sh\n${environment.join(' ')} exec '${worker}' "$@"\n`);
    await chmod(workerBin, 0o755);
    const groups = async () =>
      existsSync(log) ? (await readFile(log, 'utf8')).split('\n').slice(0, -1).map(Number) : [];
    return { workerBin, groups };
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
