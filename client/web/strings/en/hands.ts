/** Raised hands. */
export const hands = {
  badge: 'Raised hand',
  /** Read before the person’s name. */
  raised: 'hand raised,',
  raisedInQueue: (place: number, of: number) => `hand raised, ${place} of ${of},`,
  list: 'Raised hands:',
};
