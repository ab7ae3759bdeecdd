import { pluralIn } from '../plural.ts';

export const plural = pluralIn<'one' | 'few' | 'many'>('ru');

const list = new Intl.ListFormat('ru');

/** «Анна», «Анна и Борис», «Анна, Борис и ещё 3 человека». */
export function listed(names: readonly string[]): string {
  const others = names.length - 2;
  const more = plural(others, {
    one: `ещё ${others} человек`,
    few: `ещё ${others} человека`,
    many: `ещё ${others} человек`,
  });
  return list.format(others > 0 ? [...names.slice(0, 2), more] : names);
}
