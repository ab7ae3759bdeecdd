/** The arrangement of the tiles. */
export const stage = {
  previousPage: 'Previous page',
  nextPage: 'Next page',
  page: (page: number, pages: number) => `${page} / ${pages}`,
};
