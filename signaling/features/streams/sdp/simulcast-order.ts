interface Layer {
  rid: string;
  /** Restrictions of RFC 8851 §5, e.g. `max-width=1280;max-height=720`. */
  params: string;
}

/** Usual names of layers, lowest first. */
const NAMES: ReadonlyArray<readonly string[]> = [
  ['q', 'h', 'f'],
  ['l', 'm', 'h'],
  ['low', 'mid', 'high'],
  ['low', 'medium', 'high'],
];

/**
 * Puts the layers of a simulcast into the order that mediasoup expects. Their restrictions decide, or else their usual names, or else their
 * order, in which the preferred one comes first (RFC 8853 §5.2).
 */
export function lowestFirst(layers: readonly Layer[]): string[] {
  const sizes = layers.map(({ params }) => sizeOf(params));
  if (sizes.every((size) => size !== undefined) && new Set(sizes).size === sizes.length) {
    return layers
      .map(({ rid }, index) => ({ rid, size: sizes[index] ?? 0 }))
      .sort((a, b) => a.size - b.size)
      .map(({ rid }) => rid);
  }
  const rids = layers.map(({ rid }) => rid);
  const names = NAMES.find((usual) => rids.every((rid) => usual.includes(rid.toLowerCase())));
  return names
    ? rids.toSorted((a, b) => names.indexOf(a.toLowerCase()) - names.indexOf(b.toLowerCase()))
    : rids.toReversed();
}

/** Its largest restriction of size or bitrate. */
function sizeOf(params: string): number | undefined {
  const [, value] = /(?:^|;)\s*(?:max-width|max-height|max-fs|max-br)=(\d+)/.exec(params) ?? [];
  return value === undefined ? undefined : Number(value);
}
