import { readFileSync } from 'node:fs';
import * as mediasoup from 'mediasoup';
import { startLocalServer } from '../../generator/index.ts';
import type { MediaServer, StartOptions } from '../media-server.ts';
import { freePort } from '../own-process.ts';

/** Canopy as it is installed, without phones. The clients decide whether there is estimation. */
export async function startCanopy({ address, group }: StartOptions): Promise<MediaServer> {
  const farPort = await freePort();
  const server = await startLocalServer(
    ['--no-sip', '--announce', address],
    {
      CANOPY_LIMITS_PEERS_PER_ROOM: '200',
      CANOPY_LIMITS_PARTICIPANTS_PER_ROOM: '200',
      CANOPY_SERVER_ORIGINS: `http://localhost:${farPort}`,
    },
    (command) => group.wrap(command),
  );
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  return {
    access: { url: server.url, secret: server.apiKey, farPort },
    version: `${manifest.version}, mediasoup ${mediasoup.version}`,
    group,
    close: async () => server.close?.(),
  };
}
