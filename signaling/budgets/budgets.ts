import type { Config } from '../../base/index.ts';
import type { Role } from '../protocol/index.ts';
import { NestedBudget } from './nested-budget.ts';

/** A bridge acts for many phones: its share is this many times a person's. */
export const BRIDGE_FACTOR = 32;

/** How many times a person's share an account of this role has. */
export function factorOf({ role }: { role: Role }): number {
  return role === 'bridge' ? BRIDGE_FACTOR : 1;
}

/**
 * TCP connections that an address may have beside its sockets, to load pages. At the default limits its share fits into 1024 file
 * descriptors with hundreds left for others.
 */
const TCP_CONNECTIONS_BESIDE_SOCKETS = 200;

const KIB = 1024;
const MIB = 1024 * KIB;

/** What is shared between everyone on the server. Seats are budgeted by each room, open invitations by the store. */
export interface Budgets {
  /** Open sockets. */
  connections: NestedBudget;
  /** TCP connections, sockets among them, by the address at the other end. */
  tcp: NestedBudget;
  /** Open rooms; each counts for whoever opened it. */
  rooms: NestedBudget;
  /** Answers kept for retries, in bytes. */
  answers: NestedBudget;
}

export function createBudgets({ limits, server }: Pick<Config, 'limits' | 'server'>): Budgets {
  const { connectionsPerAddress, connectionsPerAccount, rooms, roomsPerAccount } = limits;
  return {
    connections: new NestedBudget({
      what: 'connections',
      code: 'TOO_MANY_CONNECTIONS',
      limits: {
        // A device that misbehaves does not shut out the account's other devices.
        device: Math.ceil(connectionsPerAccount / 2),
        account: connectionsPerAccount,
        invitation: connectionsPerAccount * 4,
        address: connectionsPerAddress,
      },
    }),
    tcp: new NestedBudget({
      what: 'TCP connections',
      code: 'TOO_MANY_CONNECTIONS',
      // Everyone has the address of a proxy, which limits strangers itself.
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
      what: 'bytes of answers',
      limits: {
        device: 512 * KIB,
        account: MIB,
        invitation: 4 * MIB,
        address: 32 * MIB,
        server: 64 * MIB,
      },
    }),
  };
}

/** The seats of one room. One link lets in at most half of a full room, an account a few devices. */
export function createSeatBudget({ limits }: Pick<Config, 'limits'>): NestedBudget {
  const { seatsPerAccount, peersPerRoom } = limits;
  return new NestedBudget({
    what: 'seats in a room',
    limits: { account: seatsPerAccount, invitation: Math.max(seatsPerAccount, Math.ceil(peersPerRoom / 2)) },
  });
}
