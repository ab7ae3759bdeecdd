import { CanopyError } from '../../contract/light.ts';

/**
 * Checks that the SDK can run here, before a single-use invitation is spent.
 *
 * @throws {CanopyError} UNSUPPORTED_PLATFORM - a required API is missing; the detail names it
 */
export function requirePlatform(): void {
  const missing = [
    typeof Promise.withResolvers !== 'function' && 'Promise.withResolvers',
    typeof ''.toWellFormed !== 'function' && 'String.toWellFormed',
    typeof globalThis.fetch !== 'function' && 'fetch',
    // Browsers hide it from pages loaded over plain HTTP.
    globalThis.crypto?.subtle === undefined && 'WebCrypto',
  ].filter((name) => name !== false);
  if (missing.length > 0) {
    throw new CanopyError('UNSUPPORTED_PLATFORM', `no ${missing.join(', ')}`);
  }
}
