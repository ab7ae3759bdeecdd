import { CanopyError } from '../../contract/light.ts';

/**
 * Makes sure that the SDK can run here, before anything single-use is spent.
 *
 * @throws {CanopyError} UNSUPPORTED_PLATFORM - names what is missing
 */
export function requirePlatform(): void {
  const missing = [
    typeof Promise.withResolvers !== 'function' && 'Promise.withResolvers',
    typeof ''.toWellFormed !== 'function' && 'String.toWellFormed',
    typeof globalThis.fetch !== 'function' && 'fetch',
    // Browsers withhold it from pages loaded over plain HTTP.
    globalThis.crypto?.subtle === undefined && 'WebCrypto',
  ].filter((name) => name !== false);
  if (missing.length > 0) {
    throw new CanopyError('UNSUPPORTED_PLATFORM', `no ${missing.join(', ')}`);
  }
}
