import { CanopyError } from '../../base/errors/index.ts';

/** Refuses a message of a room's group. @throws {CanopyError} ENCRYPTION_INVALID */
export function refuse(reason: string, cause?: unknown): never {
  throw new CanopyError('ENCRYPTION_INVALID', reason, cause === undefined ? undefined : { cause });
}

/** Runs a decoder of the library, which may throw anything. @throws {CanopyError} ENCRYPTION_INVALID - also if bytes are left over */
export function decodeAll<T>(
  decode: (bytes: Uint8Array, offset: number) => [T, number] | undefined,
  bytes: Uint8Array,
  what: string,
): T {
  let decoded: [T, number] | undefined;
  try {
    decoded = decode(bytes, 0);
  } catch (cause) {
    refuse(`${what} cannot be read`, cause);
  }
  if (!decoded || decoded[1] !== bytes.length) {
    refuse(`${what} cannot be read`);
  }
  return decoded[0];
}
