import type { Config } from '../base/index.ts';
import { MIGRATIONS } from './features/index.ts';
import { type PostgresFinding, probePostgres } from './store/index.ts';

/**
 * Connects to the PostgreSQL database at `store.url`, and changes nothing. Undefined if the setting is absent.
 *
 * @throws {CanopyError} STORE_UNUSABLE, STORE_UNAVAILABLE
 */
export async function probeDatabase({ store: { url } }: Config): Promise<PostgresFinding | undefined> {
  return url === undefined ? undefined : probePostgres(url, MIGRATIONS);
}
