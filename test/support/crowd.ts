import assert from 'node:assert/strict';
import type { Identity } from '../../client/sdk/index.ts';
import { newIdentity, ProtocolClient } from './protocol-client.ts';
import type { TestServer } from './server.ts';

interface Seat {
  client: ProtocolClient;
  identity: Identity;
  roomId: string;
  peerId: string;
}

/** How many enter at once, so that entering is not a storm in itself. */
const AT_ONCE = 25;

/** People in rooms with little more than a socket each. People in different rooms share devices, since a device has one seat per room. */
export class Crowd {
  readonly seats: Seat[] = [];
  readonly #server: TestServer;

  private constructor(server: TestServer) {
    this.#server = server;
  }

  /** Fills rooms called `crowd-0` and so on. */
  static async enter(server: TestServer, rooms: number, peersPerRoom: number): Promise<Crowd> {
    const crowd = new Crowd(server);
    const identities = await Promise.all(Array.from({ length: peersPerRoom }, () => newIdentity(server)));
    const places = Array.from({ length: rooms }, (_, room) =>
      identities.map((identity) => ({ identity, roomId: `crowd-${room}` })),
    ).flat();
    for (let first = 0; first < places.length; first += AT_ONCE) {
      const group = places.slice(first, first + AT_ONCE).map(async ({ identity, roomId }) => {
        const client = await ProtocolClient.enter(server.url, identity);
        const { peerId } = await client.get('room.join', { roomId });
        // Seats without a transport are not kept.
        await client.get('transport.create', { direction: 'send' });
        return { client, identity, roomId, peerId };
      });
      crowd.seats.push(...(await Promise.all(group)));
    }
    return crowd;
  }

  /** Drops all connections at the same moment, without closing them. */
  async cut(): Promise<void> {
    await Promise.all(this.seats.map(({ client }) => client.cut()));
  }

  /** Reconnects everyone at the same moment, each to their own seat. */
  async resume(): Promise<void> {
    const peersPerRoom = this.seats.filter(({ roomId }) => roomId === 'crowd-0').length;
    await Promise.all(
      this.seats.map(async (seat) => {
        seat.client = await ProtocolClient.enter(this.#server.url, seat.identity);
        const { roomId, peerId } = seat;
        const entered = await seat.client.get('room.join', { roomId, resume: { peerId } });
        assert.deepEqual([entered.peerId, entered.resumed], [peerId, true]);
        assert.equal(entered.participants.length, peersPerRoom, 'nobody is missing');
      }),
    );
  }

  async leave(): Promise<void> {
    for (const { client } of this.seats) {
      if (client.open) {
        await client.get('room.leave', {});
      }
      client.close();
    }
  }
}
