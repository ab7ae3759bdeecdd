import closeWithGrace from 'close-with-grace';
import type { Logger } from '../base/index.ts';

export interface CloseOptions {
  log: Logger;
  /** How long draining and closing may take before the process ends, in seconds. */
  graceSeconds: number;
  /** Lets people finish. Not called when an error ends the process. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Signals that tools commonly send, e.g. to rotate a log, and that must not end conferences. By default, SIGUSR1 would open Node's debugger
 * to every user of the machine.
 */
const HARMLESS = ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;

/** On SIGTERM or SIGINT drains and closes; a second signal, or the end of the grace time, ends the process. */
export function closeOnSignal({ log, graceSeconds, drain, close }: CloseOptions): void {
  for (const name of HARMLESS) {
    process.on(name, () => log.info({ signal: name }, 'signal ignored'));
  }
  closeWithGrace(
    {
      delay: graceSeconds * 1000,
      logger: { error: (message) => log.error(message) },
      skip: ['SIGHUP', 'SIGUSR2'],
    },
    async ({ signal, err }) => {
      if (err) {
        log.fatal({ err }, 'unexpected error; closing');
      } else {
        log.info({ signal }, 'closing');
        await drain();
      }
      await close();
      log.info('closed');
    },
  );
}
