export type View = 'gallery' | 'speaker';

/** The properties of a tile that determine its position. */
export interface Seat {
  participantId: string;
  screen?: boolean | undefined;
  self?: boolean | undefined;
}

/** The unique key of a person's camera or screen tile. */
export function seatKey({ participantId, screen = false }: Seat): string {
  return `${participantId} ${screen ? 'screen' : 'camera'}`;
}

export interface SeatingRequest<T extends Seat> {
  tiles: readonly T[];
  view: View;
  /** Key of the pinned tile. */
  pinned: string | undefined;
  /** Participant ids of those whom moderators show large to everyone. */
  spotlight?: readonly string[];
  /** Participant id of the last speaker other than this user. */
  speaker: string | undefined;
}

/**
 * Splits tiles into those on the stage and the rest; an empty stage means a gallery. A pinned tile comes first, then people in the
 * spotlight, shared screens, and the speaker in speaker view.
 */
export function arrange<T extends Seat>({
  tiles,
  view,
  pinned,
  spotlight = [],
  speaker,
}: SeatingRequest<T>): {
  stage: T[];
  rest: T[];
} {
  const stage = onStage({ tiles, view, pinned, spotlight, speaker });
  const rest = tiles.filter((tile) => !stage.includes(tile));
  // Screens first, so that one displaced by a pinned tile is easy to find.
  return { stage, rest: [...rest.filter(({ screen }) => screen), ...rest.filter(({ screen }) => !screen)] };
}

function onStage<T extends Seat>({ tiles, view, pinned, spotlight = [], speaker }: SeatingRequest<T>): T[] {
  const chosen = tiles.find((tile) => seatKey(tile) === pinned);
  if (chosen) {
    return [chosen];
  }
  // One's own face helps nobody.
  const lit = tiles.filter(
    ({ participantId, screen, self }) => spotlight.includes(participantId) && !screen && !self,
  );
  if (lit.length > 0) {
    return lit;
  }
  const screens = tiles.filter(({ screen, self }) => screen && !self);
  if (screens.length > 0 || view === 'gallery') {
    return screens;
  }
  const others = tiles.filter(({ self }) => !self);
  const [first] = [...others.filter(({ participantId }) => participantId === speaker), ...others];
  return first ? [first] : [];
}

/**
 * Moves a speaker into the first `visible` seats, swapping places with the person there who has been silent longest. Nobody else moves.
 *
 * @param spokeAtMs when each person last spoke
 * @param keeps the person who always keeps their place
 */
export function promote(
  order: readonly string[],
  speaker: string,
  visible: number,
  { spokeAtMs, keeps }: { spokeAtMs: ReadonlyMap<string, number>; keeps: string | undefined },
): string[] {
  const from = order.indexOf(speaker);
  const next = [...order];
  if (from < visible) {
    return next;
  }
  const seats = order.slice(0, visible).filter((id) => id !== keeps);
  const since = (id: string): number => spokeAtMs.get(id) ?? 0;
  // Of those who never spoke, the last, so that the first rows stay unchanged.
  const silent = seats.reduceRight<string | undefined>(
    (most, id) => (most === undefined || since(id) < since(most) ? id : most),
    undefined,
  );
  if (silent === undefined) {
    return next;
  }
  next[order.indexOf(silent)] = speaker;
  next[from] = silent;
  return next;
}
