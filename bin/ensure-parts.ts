import { UsageError } from './usage-error.ts';

interface Setup {
  ensureParts(purpose: 'start' | 'bench'): Promise<string>;
}

/** Path of the set-up module, passed by canopy.js; undefined if the program runs without it, as in the container. */
const { CANOPY_SETUP: location } = process.env;
delete process.env.CANOPY_SETUP;

/**
 * Downloads or builds what a command needs. It takes minutes the first time, so call it after validating the command line.
 *
 * @throws {UsageError} says what is missing and how to fix it
 */
export async function ensureParts(purpose: 'start' | 'bench'): Promise<void> {
  if (location === undefined) {
    return;
  }
  const setup = (await import(location)) as Setup;
  try {
    process.env.MEDIASOUP_WORKER_BIN = await setup.ensureParts(purpose);
  } catch (cause) {
    if ((cause as Error).name !== 'SetupError') {
      throw cause;
    }
    throw new UsageError((cause as Error).message, { cause });
  }
}
