import type { Config } from '../../../base/index.ts';
import type { SeatPrincipal } from '../principals/index.ts';
import { NestedBudget } from './nested-budget.ts';

/** A bridge acts for many phones, so its share is this multiple of a person's. */
export const BRIDGE_FACTOR = 32;

/** The multiple of a person's share that this principal gets. */
export function factorOf({ kind }: SeatPrincipal): number {
  return kind === 'bridge' ? BRIDGE_FACTOR : 1;
}

/**
 * TCP connections an address may have on top of its sockets, to load pages. At the default limits, one address's share fits into 1024 file
 * descriptors and leaves hundreds for others.
 */
const TCP_CONNECTIONS_BESIDE_SOCKETS = 200;

/** In how many lobbies an account may wait at once. */
const WAITS_PER_ACCOUNT = 5;

const KIB = 1024;
const MIB = 1024 * KIB;

/** Budgets for the whole server. Each room has its own budget for seats; open invitations are counted in the store. */
export interface Budgets {
  /** Open sockets. */
  connections: NestedBudget;
  /** TCP connections, including sockets, by peer address. */
  tcp: NestedBudget;
  /** Open rooms, counted against their openers. */
  rooms: NestedBudget;
  /** Bytes of cached answers. */
  answers: NestedBudget;
  /** People who wait in lobbies. */
  waiting: NestedBudget;
  /** Those of them who came by nothing but a room's address; they must leave room for everyone else. */
  strangers: NestedBudget;
  /** Connection tests, each counted for ten minutes. */
  pathTests: NestedBudget;
}

export function createBudgets({ limits, server }: Pick<Config, 'limits' | 'server'>): Budgets {
  const { connectionsPerAddress, connectionsPerAccount, rooms, roomsPerAccount, peersPerRoom } = limits;
  const { waitingPerRoom } = limits;
  return {
    connections: new NestedBudget({
      what: 'connections',
      code: 'TOO_MANY_CONNECTIONS',
      limits: {
        // A misbehaving device must not lock out the account's other devices.
        device: Math.ceil(connectionsPerAccount / 2),
        account: connectionsPerAccount,
        // A room full of people who came by one link, each of whom may be reconnecting.
        invitation: Math.max(connectionsPerAccount * 4, peersPerRoom * 2),
        address: connectionsPerAddress,
      },
    }),
    tcp: new NestedBudget({
      what: 'TCP connections',
      code: 'TOO_MANY_CONNECTIONS',
      // Behind a proxy, all connections come from its address, and the proxy must limit clients itself.
      limits:
        server.trustProxy > 0 ? {} : { address: connectionsPerAddress + TCP_CONNECTIONS_BESIDE_SOCKETS },
    }),
    rooms: new NestedBudget({
      what: 'rooms',
      limits: {
        account: roomsPerAccount,
        invitation: roomsPerAccount * 4,
        address: Math.ceil(rooms / 2),
        server: rooms,
      },
    }),
    answers: new NestedBudget({
      what: 'bytes of stored answers',
      limits: {
        device: 512 * KIB,
        account: MIB,
        invitation: 4 * MIB,
        address: 32 * MIB,
        server: 64 * MIB,
      },
    }),
    waiting: new NestedBudget({
      what: 'people waiting in lobbies',
      code: 'LOBBY_FULL',
      limits: {
        account: WAITS_PER_ACCOUNT,
        invitation: waitingPerRoom,
        address: Math.ceil(waitingPerRoom / 2),
        server: waitingPerRoom * 10,
      },
    }),
    strangers: new NestedBudget({
      what: 'people waiting without a link',
      code: 'LOBBY_FULL',
      limits: {
        // All strangers in front of one room.
        invitation: Math.ceil(waitingPerRoom / 2),
        address: Math.ceil(waitingPerRoom / 4),
        server: waitingPerRoom * 5,
      },
    }),
    pathTests: new NestedBudget({
      what: 'connection tests in ten minutes',
      code: 'RATE_LIMITED',
      // A test sends up to half a megabyte: on average at most 4 Mbit/s for the whole server.
      limits: { account: 6, invitation: 24, address: 60, server: 600 },
    }),
  };
}

/**
 * Creates the seat budget of a room: a few devices per account, and at most nine tenths of the room's seats for everyone who came by one
 * room link, so that whoever made the link gets in.
 */
export function createSeatBudget({ limits }: Pick<Config, 'limits'>): NestedBudget {
  const { seatsPerAccount, peersPerRoom } = limits;
  return new NestedBudget({
    what: 'seats in a room',
    limits: {
      account: seatsPerAccount,
      invitation: Math.max(seatsPerAccount, Math.floor(peersPerRoom * 0.9)),
    },
  });
}
