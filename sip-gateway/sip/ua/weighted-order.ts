interface Weighted {
  /** The lowest comes first. */
  readonly priority: number;
  /** Share of those with the same priority. */
  readonly weight: number;
}

/** The order in which to try targets: by priority, then at random in proportion to their weights (RFC 2782). `random`: 0 to below 1. */
export function weightedOrder<T extends Weighted>(targets: readonly T[], random: () => number): T[] {
  // Those without weight come first, so that they have a small chance.
  const left = [...targets].sort((a, b) => a.priority - b.priority || a.weight - b.weight);
  const ordered: T[] = [];
  while (left.length > 0) {
    const { priority } = left[0] as T;
    const rivals = left.filter((each) => each.priority === priority);
    const sum = rivals.reduce((total, { weight }) => total + weight, 0);
    let point = random() * (sum + 1);
    const chosen = rivals.find(({ weight }) => {
      point -= weight;
      return point < 1;
    });
    const next = chosen ?? (rivals.at(-1) as T);
    ordered.push(next);
    left.splice(left.indexOf(next), 1);
  }
  return ordered;
}
