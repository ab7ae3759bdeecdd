import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SetupError } from './errors.mjs';
import { run, tail } from './processes.mjs';
import { builtWorker, mediasoupFolder, recipe, works } from './worker.mjs';

/** How often the build's progress is reported. */
const reportEveryMs = 30_000;

/**
 * Builds the worker from the sources in mediasoup's package against Debian's libraries: 5 to 8 minutes on two cores.
 * @param {(line: string) => void} note
 * @returns {Promise<string>} the worker's path
 */
export async function buildWorker(note) {
  const worker = builtWorker();
  const folder = dirname(worker);
  const log = join(folder, 'build.log');
  await mkdir(folder, { recursive: true });
  let progress = 'preparing';
  const reporter = setInterval(() => note(progress), reportEveryMs);
  try {
    const { status, output } = await run('bash', [join(recipe, 'build.sh'), mediasoupFolder(), worker], {
      log,
      onOutput: (text) => {
        progress =
          text
            .match(/\[\d+\/\d+\]/g)
            ?.at(-1)
            ?.slice(1, -1)
            .replace('/', ' of ')
            .concat(' files compiled') ?? progress;
      },
    });
    if (status !== 0 || !works(worker)) {
      throw new SetupError(
        `The mediasoup worker could not be built. The whole log is in ${log}; it ends:\n${tail(output)}`,
      );
    }
    return worker;
  } finally {
    clearInterval(reporter);
  }
}
