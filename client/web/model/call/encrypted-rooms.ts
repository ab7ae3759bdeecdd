import type { EncryptionPolicy } from '../../../sdk/index.ts';

const STORAGE_KEY = 'canopy.encrypted-rooms';
/** Maximum number of rooms remembered; the oldest are forgotten. */
const MAX_REMEMBERED = 500;

/** A room and its policy. Earlier versions of the page stored ids only, of rooms without phones. */
type Remembered = string | [roomId: string, policy: EncryptionPolicy];

/**
 * The policy of an encrypted room when this browser created or last entered it: a server that names another one later is not believed.
 */
export function policyBefore(roomId: string): EncryptionPolicy | undefined {
  const found = remembered().find((each) => idOf(each) === roomId);
  return typeof found === 'string' ? 'required' : found?.[1];
}

export function rememberEncrypted(roomId: string, policy: EncryptionPolicy): void {
  const rooms = [...remembered().filter((each) => idOf(each) !== roomId), [roomId, policy]];
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(rooms.slice(-MAX_REMEMBERED)));
  } catch {
    // The browser stores nothing.
  }
}

function idOf(room: Remembered): string {
  return typeof room === 'string' ? room : room[0];
}

function remembered(): Remembered[] {
  try {
    return JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '[]');
  } catch {
    return [];
  }
}
