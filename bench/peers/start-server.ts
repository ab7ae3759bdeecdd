import { startCanopy } from './canopy/index.ts';
import { startJanus } from './janus/index.ts';
import { startLiveKit } from './livekit/index.ts';
import type { MediaServer, StartOptions } from './media-server.ts';
import type { SystemName } from './systems.ts';

/** Starts a server on loopback, in its group. @throws {SystemUnavailable} */
export function startServer(
  system: SystemName,
  options: StartOptions,
  write: (line: string) => void,
): Promise<MediaServer> {
  switch (system) {
    case 'canopy':
      return startCanopy(options);
    case 'livekit':
      return startLiveKit(options, write);
    case 'janus':
      return startJanus(options);
  }
}
