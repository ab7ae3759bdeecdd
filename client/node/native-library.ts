import datachannel from 'node-datachannel';

/** Long enough for closed connections to report their end. */
const CLEANUP_DELAY_MS = 100;

let users = 0;
let timer: NodeJS.Timeout | undefined;

/** Notes a user of the native library. */
export function holdNativeLibrary(): void {
  users++;
  clearTimeout(timer);
}

/**
 * Notes that a user is gone. node-datachannel's callbacks keep the process alive until its cleanup, even those of closed
 * connections; so that follows the last user. New users may come after it.
 */
export function releaseNativeLibrary(): void {
  users--;
  if (users > 0) {
    return;
  }
  timer = setTimeout(() => datachannel.cleanup(), CLEANUP_DELAY_MS);
}
