/** Where this tab keeps the breakout room that it is in, so that it comes back there after a reload. */
const STORAGE_KEY = 'canopy.breakout';

/** Remembers the room of a meeting that this tab is in; its main room is where it goes by itself. */
export function keepBreakout(roomId: string, parentId: string): void {
  try {
    if (roomId === parentId) {
      sessionStorage.removeItem(STORAGE_KEY);
    } else {
      sessionStorage.setItem(STORAGE_KEY, JSON.stringify({ roomId, parentId }));
    }
  } catch {
    // Storage may be blocked; a reload then leads to the main room.
  }
}

/** Forgets it: the user has left the meeting. */
export function forgetBreakout(): void {
  keepBreakout('', '');
}

/** The breakout room of a meeting that this tab was in before it was reloaded. */
export function keptBreakout(parentId: string): string | undefined {
  try {
    const kept = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? 'null');
    return kept?.parentId === parentId && typeof kept.roomId === 'string' ? kept.roomId : undefined;
  } catch {
    return undefined;
  }
}
