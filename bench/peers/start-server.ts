import { SystemUnavailable } from '../server-group/index.ts';
import { startCanopy } from './canopy/index.ts';
import { startJanus } from './janus/index.ts';
import { startLiveKit } from './livekit/index.ts';
import type { MediaServer, StartOptions } from './media-server.ts';
import type { SystemName } from './systems.ts';

/** Another program may take a port that was free, between the moment it was found and that in which the server listens. */
const TRIES = 3;

/** Starts a server on loopback, in its group. @throws {SystemUnavailable} */
export async function startServer(
  system: SystemName,
  options: StartOptions,
  write: (line: string) => void,
): Promise<MediaServer> {
  for (let tries = 1; ; tries++) {
    try {
      return await startOnce(system, options, write);
    } catch (error) {
      if (error instanceof SystemUnavailable || tries === TRIES) {
        throw error;
      }
      write(`${system} did not start, next try: ${error}`);
    }
  }
}

function startOnce(
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
