import type { ClipTrack, InboundStream, NodeHandlerOptions } from '../../client/node/index.ts';
import type { Variant } from './systems.ts';

/** How to reach a server, and what it needs to admit somebody. */
export interface Access {
  /** Of its signalling. */
  url: string;
  /** The variant's own: an API key, a token's secret; nothing for Janus. */
  secret: string;
  /** Port of loopback for a relay: the server takes http://localhost with it for its own address. */
  farPort: number;
}

export interface LoadClientOptions {
  variant: Variant;
  access: Access;
  room: string;
  name: string;
  /** What it sends. */
  tracks: readonly ClipTrack[];
  /** Whether it receives what the others send. */
  watches: boolean;
  /** Gets each received stream before anything arrives on it. */
  onStream(stream: InboundStream): void;
  mapCandidate?: NonNullable<NodeHandlerOptions['mapCandidate']>;
}

/** One person in a room of any system. */
export interface LoadClient {
  /** Connects, enters the room and sends. Resolves when the server knows its tracks. */
  enter(): Promise<void>;
  /** Receives what those send who have entered. Systems that subscribe by themselves do nothing. */
  watch(): Promise<void>;
  leave(): Promise<void>;
}
