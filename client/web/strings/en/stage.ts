import { plural } from './forms.ts';

/** The arrangement of the tiles. */
export const stage = {
  previousPage: 'Previous page',
  nextPage: 'Next page',
  page: (page: number, pages: number) => `${page} / ${pages}`,
  /** People next to the stage who are out of view. */
  moreBefore: (people: number) => plural(people, { one: '1 more before', other: `${people} more before` }),
  moreAfter: (people: number) => plural(people, { one: '1 more after', other: `${people} more after` }),
};
