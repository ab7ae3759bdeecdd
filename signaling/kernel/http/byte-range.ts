/** Which bytes: `from` included, `to` excluded. */
export interface ByteRange {
  from: number;
  to: number;
}

/**
 * The range that a `Range` header asks for (RFC 9110, section 14.1.2). Undefined: all bytes, also for several ranges and what cannot be
 * understood.
 */
export function byteRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (first === '' && last === '') {
    return undefined;
  }
  if (first === '') {
    return last === '0' ? 'unsatisfiable' : { from: Math.max(0, size - Number(last)), to: size };
  }
  const from = Number(first);
  const to = last === '' ? size : Math.min(size, Number(last) + 1);
  if (from >= size) {
    return 'unsatisfiable';
  }
  return from < to ? { from, to } : undefined;
}
