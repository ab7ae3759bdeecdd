import { CanopyClient } from '../canopy/index.ts';
import { JanusClient } from '../janus/index.ts';
import { LiveKitClient } from '../livekit/index.ts';
import type { LoadClient, LoadClientOptions } from '../load-client.ts';

/** Somebody who has not yet entered a room of any system. */
export async function createClient(options: LoadClientOptions): Promise<LoadClient> {
  switch (options.variant.system) {
    case 'canopy':
      return CanopyClient.create(options);
    case 'livekit':
      return LiveKitClient.create(options);
    case 'janus':
      return new JanusClient(options);
  }
}
