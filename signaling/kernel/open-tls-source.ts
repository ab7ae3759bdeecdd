import type { Config, Logger } from '../../base/index.ts';
import { Authority } from '../identity/index.ts';
import { openDataDir } from './data/index.ts';
import { TlsSource } from './http/index.ts';

/** Where the certificate of HTTPS comes from, for those who serve other protocols beside the server. */
export async function openTlsSource(
  config: Config,
  log: Logger,
): Promise<Pick<TlsSource, 'load' | 'watch' | 'close'>> {
  const { dir } = config.data;
  openDataDir(dir);
  return new TlsSource(config, await Authority.open({ dir, name: config.server.name }), log);
}
