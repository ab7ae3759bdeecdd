import closeWithGrace from 'close-with-grace';
import type { Logger } from '../base/index.ts';

export interface CloseOptions {
  log: Logger;
  /** After this long the process ends whatever is still open, in seconds. */
  graceSeconds: number;
  /** Lets people finish; left out when an error ends the process. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** On SIGTERM or SIGINT drains and closes; a second signal, or the end of the grace time, ends the process. */
export function closeOnSignal({ log, graceSeconds, drain, close }: CloseOptions): void {
  closeWithGrace(
    { delay: graceSeconds * 1000, logger: { error: (message) => log.error(message) } },
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
