import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Device } from 'mediasoup-client';
import { createHandlerFactory } from '../../client/node/index.ts';
import { type Client, connect, type Identity, type Room } from '../../client/sdk/index.ts';
import { CuttableRelay } from '../../test/support/cuttable-relay.ts';
import { InProcessServer } from '../../test/support/in-process-server.ts';
import { type Arrival, type Link, LogMember, sightOf } from '../../test/support/log-member.ts';
import { newIdentity, ProtocolClient } from '../../test/support/protocol-client.ts';
import { opus } from '../../test/support/rtp-parameters.ts';
import { eventually } from '../../test/support/wait.ts';

/** How long somebody is cut off, in seconds; the long test takes 20. */
const CUT_SECONDS = Number(process.env.ROOM_LOG_CUT_SECONDS ?? 2);
const EVENTS = 200;
const EVENTS_PER_ROUND = 10;
const ROOM = 'team';

/** A peer on real sockets that reads everything at once. */
class Reader {
  readonly member = new LogMember(ROOM);
  readonly #url: string;
  readonly #identity: Identity;
  #client: ProtocolClient | undefined;

  constructor(url: string, identity: Identity) {
    this.#url = url;
    this.#identity = identity;
  }

  get client(): ProtocolClient {
    assert.ok(this.#client);
    return this.#client;
  }

  /** Enters, or comes back by a new connection. */
  async enter(): Promise<void> {
    const client = await ProtocolClient.enter(this.#url, this.#identity);
    this.#client = client;
    const { member } = this;
    const arrive = (arrival: Arrival): void => {
      member.arrive(link, arrival);
      member.read(Number.POSITIVE_INFINITY);
    };
    const link: Link = {
      request: (name, data) => client.ask(name, data),
      cut: () => client.close(),
    };
    client.socket.onAny((event: string, data: unknown) => arrive({ event, data }));
    member.enter(link);
    await eventually('the join is answered', () => {
      member.read(Number.POSITIVE_INFINITY);
      return member.isSettled;
    });
  }
}

/** A peer on the SDK, which notes who comes and goes. */
class SdkPeer {
  readonly room: Room;
  readonly told: string[] = [];
  readonly #client: Client;

  private constructor(client: Client, room: Room) {
    this.#client = client;
    this.room = room;
    room.on('participant-joined', (each) => this.told.push(`participant.joined ${each.participantId}`));
    room.on('participant-left', (each) => this.told.push(`participant.left ${each.participantId}`));
  }

  /** Enters and receives somebody's voice: with a transport, its seat is kept. */
  static async enter(url: string, identity: Identity): Promise<SdkPeer> {
    const handlerFactory = createHandlerFactory();
    const client = await connect({
      url,
      identity,
      createDevice: () => Device.factory({ handlerFactory }),
    });
    const peer = new SdkPeer(client, await client.join(ROOM));
    await eventually('a voice is received', () => peer.room.tracks.length > 0);
    return peer;
  }

  /** Comes back without waiting for the heartbeat to fail. */
  async back(): Promise<void> {
    this.#client.reconnect();
    await eventually('the SDK is back', () => this.room.state === 'connected');
  }

  async leave(): Promise<void> {
    await this.room.leave();
    await this.#client.close();
  }
}

describe('the room log over a network that fails', () => {
  let server: InProcessServer;
  let relay: CuttableRelay;
  let identities: Identity[];

  before(async () => {
    relay = await CuttableRelay.open(() => server.signaling.port);
    server = await InProcessServer.start({ 'server.origins': [relay.url], 'limits.resumeSeconds': 60 });
    identities = await Promise.all(Array.from({ length: 4 }, () => newIdentity(server)));
  });
  after(async () => {
    relay.close();
    await server.close();
  });

  for (const [how, cut] of [
    ['breaks', () => relay.refuse()],
    ['falls silent', () => relay.silence()],
  ] as const) {
    it(`two peers, one whose path ${how} for ${CUT_SECONDS} s during ${EVENTS} events: both end with the same log`, async () => {
      const [anns, bobs, carls, others] = identities as [Identity, Identity, Identity, Identity];
      const ann = new Reader(server.url, anns);
      const bob = new Reader(relay.url, bobs);
      for (const each of [ann, bob]) {
        await each.enter();
      }
      // Without a transport, a seat is not kept.
      await bob.client.get('transport.create', { direction: 'send' });
      const { transportId } = await ann.client.get('transport.create', { direction: 'send' });
      const voice = { transportId, kind: 'audio', source: 'microphone', rtpParameters: opus() } as const;
      const { producerId } = await ann.client.get('producer.create', voice);
      const carl = await SdkPeer.enter(relay.url, carls);
      const before = ann.member.position?.seq ?? 0;

      cut();
      for (let n = 0; n < EVENTS; n += EVENTS_PER_ROUND) {
        // Four mutings, and one person who comes and goes.
        for (let mutings = 0; mutings < 4; mutings += 1) {
          await ann.client.get('producer.pause', { producerId });
          await ann.client.get('producer.resume', { producerId });
        }
        const visitor = await ProtocolClient.enter(server.url, others);
        await visitor.get('room.join', { roomId: ROOM });
        await visitor.get('room.leave', {});
        visitor.close();
        await delay((CUT_SECONDS * 1000 * EVENTS_PER_ROUND) / EVENTS);
      }
      assert.ok((ann.member.position?.seq ?? 0) >= before + EVENTS);
      relay.allow();
      await bob.enter();
      await carl.back();
      const newcomer = await ProtocolClient.enter(server.url, others);
      const snapshot = await newcomer.get('room.join', { roomId: ROOM });
      await eventually('both have everything', () =>
        [ann, bob].every(({ member }) => member.position?.seq === snapshot.log.seq),
      );

      assert.deepEqual(bob.member.returns, { entries: 1, snapshot: 0 });
      const from = bob.member.base?.seq ?? 0;
      const common = ann.member.entries.filter(({ seq }) => seq > from);
      assert.deepEqual(bob.member.entries, common);
      assert.deepEqual(
        common.map(({ seq }) => seq),
        Array.from({ length: snapshot.log.seq - from }, (_, n) => from + 1 + n),
      );
      for (const { member } of [ann, bob]) {
        assert.deepEqual(member.sight, sightOf(snapshot, member.participantId));
      }

      // The SDK reports everybody who came and went meanwhile, once and in order.
      const comings = common.flatMap(({ kind, data }) => {
        const { participant, participantId = participant?.participantId } = data as {
          participant?: { participantId: string };
          participantId?: string;
        };
        const told = kind === 'participant.joined' || kind === 'participant.left';
        return told && participantId !== carl.room.participantId ? [`${kind} ${participantId}`] : [];
      });
      await eventually('the SDK has everything', () => carl.told.length === comings.length);
      assert.deepEqual(carl.told, comings);
      await carl.leave();
      for (const client of [ann.client, bob.client, newcomer]) {
        await client.get('room.leave', {});
        client.close();
      }
    });
  }
});
