import type { Store } from './store.ts';

/**
 * A secret that all servers on a database share.
 *
 * @param create called if the database has none of this name yet; of several servers that start at once, one wins
 */
export async function sharedSecret(store: Store, name: string, create: () => string): Promise<string> {
  const read = () =>
    store.db.selectFrom('secrets').select('value').where('name', '=', name).executeTakeFirst();
  const kept = await read();
  if (kept) {
    return kept.value;
  }
  await store.db
    .insertInto('secrets')
    .values({ name, value: create() })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  await store.sync();
  return (await read())?.value ?? '';
}
