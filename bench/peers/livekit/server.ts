import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../../generator/index.ts';
import type { MediaServer, StartOptions } from '../media-server.ts';
import { startServer } from '../own-process.ts';
import { ensureLiveKit, LIVEKIT_VERSION } from './build.ts';
import { API_KEY } from './client.ts';

const SECRET = 'a secret for this run only, of enough bytes';

/** LiveKit with its defaults, but ICE-lite as mediasoup is. @throws {SystemUnavailable} */
export async function startLiveKit(
  { address, estimation, group }: StartOptions,
  write: (line: string) => void,
): Promise<MediaServer> {
  const program = await ensureLiveKit(write);
  const folder = await mkdtemp(path.join(tmpdir(), 'canopy-livekit-'));
  const [port, tcpPort] = [await freePort(), await freePort()];
  const config = {
    port,
    bind_addresses: ['127.0.0.1'],
    keys: { [API_KEY]: SECRET },
    logging: { level: 'error' },
    rtc: {
      tcp_port: tcpPort,
      use_external_ip: false,
      node_ip: address,
      use_ice_lite: true,
      congestion_control: { enabled: true, use_send_side_bwe: estimation },
    },
  };
  const file = path.join(folder, 'livekit.yaml');
  // JSON is YAML.
  await writeFile(file, JSON.stringify(config));
  const { close } = await startServer(group.wrap([program, '--config', file]), { port, folder });
  return {
    access: { url: `http://127.0.0.1:${port}`, secret: SECRET, farPort: await freePort() },
    version: LIVEKIT_VERSION,
    group,
    close,
  };
}
