import type { AppModel } from '../../model/index.ts';
import { LIST_MS, useWatched } from './use-watched.ts';

/** How many digits of an id are shown where the name is not known. */
const SHORT_ID = 12;

/** A function that returns the name of an account by its id. */
export function useNames(model: AppModel): (accountId: string) => string {
  const watched = useWatched(model, 'GET /api/accounts', LIST_MS, { query: { limit: 1000 } });
  const names = new Map(watched.value.value?.accounts.map((each) => [each.accountId, each.displayName]));
  return (accountId) => names.get(accountId) ?? accountId.slice(0, SHORT_ID);
}
