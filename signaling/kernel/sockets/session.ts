import type { Logger } from '../../../base/index.ts';
import type { Holder } from '../budgets/index.ts';
import type { PeerPrincipal } from '../principals/index.ts';
import type { Peer, PeerConnection, Room } from '../rooms/index.ts';
import type { JoinTrace } from '../tracing/index.ts';

/** The state of one connection, which handlers read and update. */
export interface Session {
  readonly connectionId: string;
  readonly connection: PeerConnection;
  /** The IP address that the client connects from. */
  readonly address: string;
  /** The client's self-reported User-Agent: no control characters, at most 200 characters. */
  readonly userAgent?: string | undefined;
  /** Monotonic time at which the connection opened, in milliseconds. */
  readonly openedAtMs: number;
  /** The challenge; null once it is used. */
  nonce: string | null;
  /** Who authenticated on the connection; null before that. */
  principal: PeerPrincipal | null;
  /** The holder it counts against: its network from the start, the rest once it is authenticated. */
  holder: Holder;
  /** Release the connection's shares of budgets; called when it closes. */
  readonly releases: Array<() => void>;
  seat: { room: Room; peer: Peer } | null;
  /** The stages of joining that have been recorded. */
  readonly stages: Set<string>;
  /** Undefined: joins are not traced. */
  readonly trace?: JoinTrace | undefined;
  /** Whether it may stay unauthenticated longer than usual, because someone waits in a lobby. */
  waiting?: boolean;
  /** Whether a join is in progress. */
  joining: boolean;
  /** Whether the connection is closed. A handler still running must not attach anything to it. */
  closed: boolean;
  log: Logger;
}
