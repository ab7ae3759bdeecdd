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

/** Where this user's own camera is shown. `auto`: floating in a call of two, a tile like the others' in larger ones. */
export type SelfView = 'auto' | 'floating' | 'tile' | 'hidden';

export interface SeatingRequest<T extends Seat> {
  tiles: readonly T[];
  view: View;
  /** Key of the pinned tile. */
  pinned: string | undefined;
  /** Participant ids of those whom moderators show large to everyone. */
  spotlight?: readonly string[];
  /** Participant id of the last speaker other than this user. */
  speaker: string | undefined;
  /** Default `tile`. */
  selfView?: SelfView;
}

export interface Seating<T> {
  /** Tiles shown large. None means a gallery. */
  stage: T[];
  rest: T[];
  /** This user's own tile, if it floats above the others. */
  floating?: T;
}

/**
 * Splits tiles into those on the stage and the rest. A pinned tile comes first, then people in the spotlight, shared screens, and the
 * speaker in speaker view. In a call of two the other person is on the stage.
 */
export function arrange<T extends Seat>(request: SeatingRequest<T>): Seating<T> {
  const { own, tiles } = withoutOwn(request);
  const floating = own && own !== 'hidden' ? { floating: own } : {};
  const stage = onStage({ ...request, tiles });
  const [only, another] = tiles;
  if (stage.length === 0 && own && only && !another) {
    return { stage: [only], rest: [], ...floating };
  }
  const rest = tiles.filter((tile) => !stage.includes(tile));
  // Screens first, so that one displaced by a pinned tile is easy to find.
  return {
    stage,
    rest: [...rest.filter(({ screen }) => screen), ...rest.filter(({ screen }) => !screen)],
    ...floating,
  };
}

/** Takes this user's own camera out of the tiles, if it floats or is hidden; never if it is the only or the pinned tile. */
function withoutOwn<T extends Seat>({
  tiles,
  pinned,
  selfView = 'tile',
}: SeatingRequest<T>): { own: T | 'hidden' | undefined; tiles: readonly T[] } {
  const own = tiles.find(({ self, screen }) => self && !screen);
  const others = tiles.filter((tile) => tile !== own);
  if (!own || others.length === 0 || seatKey(own) === pinned || selfView === 'tile') {
    return { own: undefined, tiles };
  }
  if (selfView === 'hidden') {
    return { own: 'hidden', tiles: others };
  }
  return selfView === 'floating' || others.length === 1 ? { own, tiles: others } : { own: undefined, tiles };
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
