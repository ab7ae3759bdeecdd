import type { Logger } from '../../../base/index.ts';
import type { Holder } from '../budgets/index.ts';
import type { PeerPrincipal } from '../principals/index.ts';
import type { Peer, PeerConnection, Room } from '../rooms/index.ts';

/** What is known of one connection; handlers read and advance it. */
export interface Session {
  readonly connectionId: string;
  readonly connection: PeerConnection;
  /** The client's self-reported User-Agent: no control characters, at most 200 characters. */
  readonly userAgent?: string | undefined;
  /** Monotonic time at which the connection opened, in milliseconds. */
  readonly openedAtMs: number;
  /** The challenge, until it is used up. */
  nonce: string | null;
  /** Who the connection has proved to be. */
  principal: PeerPrincipal | null;
  /** Whose budgets it uses: the network's from the start, the rest once it is authenticated. */
  holder: Holder;
  /** Releases the connection's budgets; called once it is gone. */
  readonly releases: Array<() => void>;
  seat: { room: Room; peer: Peer } | null;
  /** The stages of joining that it has passed: each is counted once. */
  readonly stages: Set<string>;
  /** A join is under way. */
  joining: boolean;
  /** The connection is gone; a handler that is still at work must not bind anything to it. */
  closed: boolean;
  log: Logger;
}
