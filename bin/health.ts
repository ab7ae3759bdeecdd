import type { Config } from '../base/index.ts';
import { OwnApi } from './own-api.ts';

/** Asks the server of the data folder, at the port on which it listens, whether it runs. @throws {CanopyError} CONNECTION_LOST */
export async function health(config: Config): Promise<void> {
  await new OwnApi(config).call('GET', '/healthz');
}
