import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { SystemUnavailable } from './system-unavailable.ts';

/** The kernel's smallest quota and smallest period, in microseconds. */
const MIN_SLICE_US = 1000;
/** The period as long as the quota allows for it: a longer one stalls the server for longer. */
const PERIOD_US = 2000;

/** The largest weight, and as much as nice −20. */
const MAX_WEIGHT_V2 = 10_000;
const MAX_WEIGHT_V1 = 88_761;

/**
 * Ends the processes of a control group and removes the group once its standard input ends: on request, or because the benchmark was killed.
 * Processes take some time to disappear.
 */
const KEEPER =
  'cat; tries=0; until rmdir "$0" || [ $((tries += 1)) -gt 100 ]; do kill -KILL $(cat "$0/cgroup.procs"); sleep 0.05; done';

/** A quota as the kernel takes it, for a share of a core. Small shares need a longer period: a quota is at least 1 ms. */
export function quotaOf(cores: number): { quotaUs: number; periodUs: number } {
  const periodUs = Math.max(PERIOD_US, Math.ceil(MIN_SLICE_US / cores));
  return { quotaUs: Math.max(MIN_SLICE_US, Math.round(periodUs * cores)), periodUs };
}

/** The processes of a server, in a control group that can limit their CPU. Needs Linux, and the right to make one (root). */
export class ServerGroup {
  readonly #folder: string;
  readonly #isV2: boolean;
  readonly #keeper: ChildProcess;

  private constructor(folder: string, isV2: boolean) {
    this.#folder = folder;
    this.#isV2 = isV2;
    // Detached, since who ends the benchmark may end its process group.
    this.#keeper = spawn('/bin/sh', ['-c', KEEPER, folder], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
  }

  /** @throws {SystemUnavailable} control groups cannot be made here */
  static async create(name: string): Promise<ServerGroup> {
    const v1 = '/sys/fs/cgroup/cpu';
    const isV2 = await exists('/sys/fs/cgroup/cgroup.controllers');
    const folder = path.join(isV2 ? '/sys/fs/cgroup' : v1, name);
    try {
      await mkdir(folder, { recursive: true });
      await access(path.join(folder, isV2 ? 'cpu.max' : 'cpu.cfs_quota_us'), constants.W_OK);
      // Other programs of the machine should not delay it.
      const [file, weight] = isV2 ? ['cpu.weight', MAX_WEIGHT_V2] : ['cpu.shares', MAX_WEIGHT_V1];
      await writeFile(path.join(folder, file), String(weight));
      return new ServerGroup(folder, isV2);
    } catch {
      await rmdir(folder).catch(() => undefined);
      throw new SystemUnavailable(
        'The servers’ CPU cannot be limited: that needs Linux and the right to make control groups (run it as root)',
      );
    }
  }

  /** A command that runs another one in this group, with all its children. */
  wrap(command: readonly string[]): [string, ...string[]] {
    return [
      '/bin/sh',
      '-c',
      'echo $$ > "$0" && exec "$@"',
      path.join(this.#folder, 'cgroup.procs'),
      ...command,
    ];
  }

  async pids(): Promise<number[]> {
    const text = await readFile(path.join(this.#folder, 'cgroup.procs'), 'utf8');
    return text.split('\n').filter(Boolean).map(Number);
  }

  /** Limits all processes together to a share of one core; undefined lifts the limit. */
  async limit(cores: number | undefined): Promise<void> {
    const { quotaUs, periodUs } = quotaOf(cores ?? 1);
    const quota = cores === undefined ? undefined : String(quotaUs);
    if (this.#isV2) {
      await this.#write('cpu.max', `${quota ?? 'max'} ${periodUs}`);
      return;
    }
    // The old quota may be larger than the new period allows.
    await this.#write('cpu.cfs_quota_us', '-1');
    await this.#write('cpu.cfs_period_us', String(periodUs));
    if (quota !== undefined) {
      await this.#write('cpu.cfs_quota_us', quota);
    }
  }

  /** Ends what still runs in the group, and removes it. */
  async remove(): Promise<void> {
    const exited = once(this.#keeper, 'exit');
    this.#keeper.stdin?.end();
    await exited;
  }

  async #write(file: string, value: string): Promise<void> {
    await writeFile(path.join(this.#folder, file), value);
  }
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
