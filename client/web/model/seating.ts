export type View = 'gallery' | 'speaker';

/** What decides the position of a tile. */
export interface Seat {
  participantId: string;
  screen?: boolean | undefined;
  self?: boolean | undefined;
}

/** Names a person's camera or screen among all tiles. */
export function seatKey({ participantId, screen = false }: Seat): string {
  return `${participantId} ${screen ? 'screen' : 'camera'}`;
}

export interface SeatingRequest<T extends Seat> {
  tiles: readonly T[];
  view: View;
  /** Key of the tile that the person chose. */
  pinned: string | undefined;
  /** The person, other than oneself, who spoke last. */
  speaker: string | undefined;
}

/**
 * Who is on the stage, and who is next to it; nobody on the stage means a gallery. First comes what the person pinned, then shared screens, then,
 * if the person wants it so, the speaker.
 */
export function arrange<T extends Seat>({
  tiles,
  view,
  pinned,
  speaker,
}: SeatingRequest<T>): {
  stage: T[];
  rest: T[];
} {
  const stage = onStage({ tiles, view, pinned, speaker });
  const rest = tiles.filter((tile) => !stage.includes(tile));
  // A screen that gave way to a pinned person is not looked for.
  return { stage, rest: [...rest.filter(({ screen }) => screen), ...rest.filter(({ screen }) => !screen)] };
}

function onStage<T extends Seat>({ tiles, view, pinned, speaker }: SeatingRequest<T>): T[] {
  const chosen = tiles.find((tile) => seatKey(tile) === pinned);
  if (chosen) {
    return [chosen];
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
 * Moves a speaker among the first `visible`, into the place of the person there who has been silent longest; nobody else moves. `spokeAtMs`
 * holds the times when people spoke; `keeps` always keeps its place.
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
  // The last of those who never spoke, so that the first rows stay as they are.
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
