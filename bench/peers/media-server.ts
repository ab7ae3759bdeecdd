import type { ServerGroup } from '../server-group/index.ts';
import type { Access } from './load-client.ts';

/** A server that is being measured. */
export interface MediaServer {
  access: Access;
  version: string;
  group: ServerGroup;
  close(): Promise<void>;
}

export interface StartOptions {
  estimation: boolean;
  /** Where clients reach the media. Not a loopback address: Janus offers none. */
  address: string;
  group: ServerGroup;
}
