const STORAGE_KEY = 'canopy.encrypted-rooms';
/** Maximum number of rooms remembered; the oldest are forgotten. */
const MAX_REMEMBERED = 500;

/**
 * Whether a room was encrypted when this browser created or last entered it: a server that calls it unencrypted later is not believed.
 */
export function wasEncrypted(roomId: string): boolean {
  return remembered().includes(roomId);
}

export function rememberEncrypted(roomId: string): void {
  const rooms = [...remembered().filter((each) => each !== roomId), roomId];
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(rooms.slice(-MAX_REMEMBERED)));
  } catch {
    // The browser stores nothing.
  }
}

function remembered(): string[] {
  try {
    return JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '[]');
  } catch {
    return [];
  }
}
