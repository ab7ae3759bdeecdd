import type { Config } from '../base/index.ts';
import { OwnApi } from './own-api.ts';

/** Checks that the server of the data folder answers on the port it listens on. @throws {CanopyError} CONNECTION_LOST */
export async function health(config: Config): Promise<void> {
  await new OwnApi(config).call('GET', '/healthz');
}
