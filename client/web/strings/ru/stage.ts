import type { Strings } from '../table.ts';

export const stage: Strings['stage'] = {
  previousPage: 'Предыдущая страница',
  nextPage: 'Следующая страница',
  page: (page, pages) => `${page} / ${pages}`,
  moreBefore: (people) => `Раньше в списке: ещё ${people}`,
  moreAfter: (people) => `Дальше в списке: ещё ${people}`,
};
