import { pluralIn } from '../plural.ts';

export const plural = pluralIn<'one' | 'other'>('en');

// British English has no comma before "and".
const list = new Intl.ListFormat('en-GB');

/** "Ann", "Ann and Bob", "Ann, Bob and 3 others". */
export function listed(names: readonly string[]): string {
  const others = names.length - 2;
  return others > 0
    ? list.format([...names.slice(0, 2), plural(others, { one: '1 other', other: `${others} others` })])
    : list.format(names);
}
