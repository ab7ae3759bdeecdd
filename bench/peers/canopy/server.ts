import { readFileSync } from 'node:fs';
import * as mediasoup from 'mediasoup';
import { freePort, startLocalServer } from '../../generator/index.ts';
import type { MediaServer, StartOptions } from '../media-server.ts';

/** Canopy without phones and without limits of people and bitrates. The clients decide whether there is estimation. */
export async function startCanopy({ address, group }: StartOptions): Promise<MediaServer> {
  const farPort = await freePort();
  const server = await startLocalServer(
    ['--no-sip', '--announce', address],
    {
      // The defaults, 2 Mbit/s each way, would leave out temporal layers of what the others forward whole.
      CANOPY_MEDIA_DOWN_BUDGET_KBPS: '100000',
      CANOPY_MEDIA_UP_BUDGET_KBPS: '0',
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
