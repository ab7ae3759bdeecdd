import { CanopyError } from '../../../base/index.ts';
import { canonicalRoomId, type StreamDirection } from '../../../contract/index.ts';
import { bearerOf } from '../../kernel/index.ts';
import type { StreamKeys } from './stream-keys.ts';
import type { StreamKeyRow } from './tables.ts';

/**
 * The key that a request presents (RFC 6750) for this room and purpose. Why a key does not fit is not told: it may have been guessed.
 *
 * @param onUnknown called if there is no such key
 * @throws {CanopyError} STREAM_KEY_INVALID, STREAM_KEY_EXPIRED, STORE_BUSY
 */
export async function requireKey(
  keys: Pick<StreamKeys, 'find'>,
  authorization: string | undefined,
  wanted: { direction: StreamDirection; roomId: string },
  onUnknown: () => void,
): Promise<StreamKeyRow> {
  const secret = bearerOf(authorization);
  try {
    if (secret === undefined) {
      throw new CanopyError('STREAM_KEY_INVALID');
    }
    const key = await keys.find(secret);
    if (key.room_id !== canonicalRoomId(wanted.roomId) || key.direction !== wanted.direction) {
      throw new CanopyError('STREAM_KEY_INVALID');
    }
    return key;
  } catch (error) {
    if (CanopyError.from(error).code === 'STREAM_KEY_INVALID') {
      onUnknown();
    }
    throw error;
  }
}
