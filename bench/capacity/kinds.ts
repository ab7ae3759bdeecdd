import { startLocalServer } from '../generator/index.ts';
import type { ServerGroup } from '../server-group/index.ts';
import type { GrowingLoad } from './growing-load.ts';
import { RoomsLoad } from './rooms-load.ts';

/** What is added until the server no longer keeps up. */
export interface CapacityKind {
  name: string;
  /** In the plural. */
  units: string;
  /** People in a unit. */
  people: number;
  /** How many there are at first. */
  from: number;
  /** Payload, RTP and UDP of a typical packet, in bytes, for the floor. */
  packetBytes: number;
  /** Starts a server in the group, and the load. `load.close()` closes both. */
  open(group: ServerGroup): Promise<GrowingLoad>;
}

export const ROOMS: readonly CapacityKind[] = [5, 10, 25].map((people) => ({
  name: `rooms-${people}`,
  units: `rooms of ${people}`,
  people,
  from: 1,
  packetBytes: 1000,
  open: async (group) => {
    const server = await startLocalServer(['--no-sip'], {}, (command) => group.wrap(command));
    const closeServer = async () => server.close?.();
    try {
      const load = await RoomsLoad.open(server, people);
      return withClose(load, closeServer);
    } catch (error) {
      await closeServer();
      throw error;
    }
  },
}));

/** The same load, which closes something else after itself. */
export function withClose(load: GrowingLoad, close: () => Promise<void>): GrowingLoad {
  return {
    growTo: (units) => load.growTo(units),
    measure: (seconds) => load.measure(seconds),
    close: async () => {
      try {
        await load.close();
      } finally {
        await close();
      }
    },
  };
}
