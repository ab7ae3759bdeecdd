import datachannel from 'node-datachannel';

/** Delay in milliseconds after which closed connections have reported their end. */
const CLEANUP_DELAY_MS = 100;

let users = 0;
let timer: NodeJS.Timeout | undefined;

/** Registers a user of the native library. */
export function holdNativeLibrary(): void {
  users++;
  clearTimeout(timer);
}

/**
 * Releases the native library. node-datachannel's callbacks, even those of closed connections, keep the process alive until its cleanup, so
 * it is cleaned up after the last user. It can be used again afterwards.
 */
export function releaseNativeLibrary(): void {
  users--;
  if (users > 0) {
    return;
  }
  timer = setTimeout(() => datachannel.cleanup(), CLEANUP_DELAY_MS);
}
