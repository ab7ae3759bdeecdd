import type { Held, Slice } from './measure.ts';

interface MeasuredPackets {
  slices: readonly Pick<Slice, 'missing' | 'disordered' | 'duplicates' | 'late'>[];
  held: Pick<Held, 'disordered' | 'late'> | undefined;
}

/**
 * Packets that a worker lost, repeated or reordered. One that it missed itself, as a starved worker does, comes again after later ones and is
 * forwarded when it comes: each receiver then sees it missing and behind others, and again if it asked for it, which is no fault of the
 * worker's sending.
 */
export function sequenceFaults({ slices, held }: MeasuredPackets, receivers: number): number {
  const beyond = (seen: number, late: number) => Math.max(0, seen - late * receivers);
  return slices.reduce(
    (sum, { missing, disordered, duplicates, late }) =>
      sum + beyond(missing, late) + beyond(disordered, late) + beyond(duplicates, late),
    held ? beyond(held.disordered, held.late) : 0,
  );
}
