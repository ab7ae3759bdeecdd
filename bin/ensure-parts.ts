import { UsageError } from './usage-error.ts';

interface Setup {
  ensureParts(purpose: 'start' | 'bench'): Promise<string>;
}

/** Where canopy.js has the set-up; undefined where the program is run without it, as in the container. */
const { CANOPY_SETUP: location } = process.env;
delete process.env.CANOPY_SETUP;

/**
 * Downloads or builds what a command needs, which takes minutes the first time: after the command line was found right.
 *
 * @throws {UsageError} says what is missing and what to do about it
 */
export async function ensureParts(purpose: 'start' | 'bench'): Promise<void> {
  if (location === undefined) return;
  const setup = (await import(location)) as Setup;
  try {
    process.env.MEDIASOUP_WORKER_BIN = await setup.ensureParts(purpose);
  } catch (cause) {
    if ((cause as Error).name !== 'SetupError') throw cause;
    throw new UsageError((cause as Error).message, { cause });
  }
}
