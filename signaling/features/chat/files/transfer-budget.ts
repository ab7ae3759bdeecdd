import { NestedBudget } from '../../../kernel/index.ts';

/** Uploads and downloads in progress: each holds a connection and an open file. One network leaves half of them to others. */
export function transferBudget(): NestedBudget {
  return new NestedBudget({
    what: 'files at a time',
    code: 'RATE_LIMITED',
    limits: { account: 6, address: 150, server: 300 },
  });
}
