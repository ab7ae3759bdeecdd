import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { debianRelease } from './debian.mjs';
import { SetupError } from './errors.mjs';
import { run, tail } from './processes.mjs';
import { builtWorker, mediasoupFolder, recipe, works } from './worker.mjs';

/** How often the build's progress is reported. */
const reportEveryMs = 10_000;

/**
 * Builds the worker from the sources in mediasoup's package: about a minute on two idle cores, and up to 540 MB of memory per core.
 * @param {(line: string) => void} note
 * @returns {Promise<string>} the worker's path
 */
export async function buildWorker(note) {
  const worker = builtWorker();
  const folder = dirname(worker);
  const log = join(folder, 'build.log');
  await mkdir(folder, { recursive: true });
  const progress = new BuildProgress();
  const reporter = setInterval(() => note(progress.toString()), reportEveryMs);
  try {
    const { status, output } = await run('bash', [join(recipe, 'build.sh'), mediasoupFolder(), worker], {
      log,
      onOutput: (text) => progress.read(text),
    });
    if (status !== 0 || !works(worker)) {
      throw new SetupError(
        `The mediasoup worker could not be built. ${hint()}The full log is in ${log}; it ends:\n${tail(output)}`,
      );
    }
    return worker;
  } finally {
    clearInterval(reporter);
  }
}

/** Lists what a build needs on systems where this program cannot install it. */
function hint() {
  if (debianRelease() !== undefined) {
    return '';
  }
  return (
    'It needs a C++20 compiler, make, patch, Python 3 with pip, and access to github.com, from which Meson downloads libraries ' +
    "(e.g. `dnf install gcc-c++ make patch python3-pip` or macOS's Xcode command line tools provide). " +
    'Or set MEDIASOUP_WORKER_BIN to a worker that you built. '
  );
}

/** Reads Ninja's `[done/total]` and estimates how long the rest takes. */
export class BuildProgress {
  #begun = 0;
  #done = 0;
  #total = 0;

  /** @param {string} text what the build printed @param {number} [nowMs] */
  read(text, nowMs = performance.now()) {
    const last = [...text.matchAll(/\[(\d+)\/(\d+)\]/g)].at(-1);
    if (last === undefined) {
      return;
    }
    if (this.#total === 0) {
      this.#begun = nowMs;
    }
    this.#done = Number(last[1]);
    this.#total = Number(last[2]);
  }

  /** @param {number} [nowMs] */
  toString(nowMs = performance.now()) {
    if (this.#total === 0) {
      return 'preparing';
    }
    const left = ((nowMs - this.#begun) / Math.max(this.#done, 1)) * (this.#total - this.#done);
    return `${this.#done} of ${this.#total} steps done, about ${Math.ceil(left / 10_000) * 10} s left`;
  }
}
