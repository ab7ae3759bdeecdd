import type { Logger } from '../../../base/index.ts';
import type { Role } from '../../../contract/index.ts';
import type { VerifiedDevice } from '../../identity/index.ts';
import type { Holder } from '../budgets/index.ts';
import type { Peer, PeerConnection, Room } from '../rooms/index.ts';

/** Who a connection turned out to be. Every permission derives from it. */
export interface Principal {
  device: VerifiedDevice;
  accountId: string;
  /** The name in its certificate. */
  displayName: string;
  role: Role;
  /** Whether it is the data folder's own phone gateway. */
  isGateway: boolean;
  /** As presented, DER, leaf first. */
  chain: readonly Uint8Array[];
  /** The web origin that the client dialled, as it signed. */
  origin: string;
}

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
  principal: Principal | null;
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
