// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Device } from 'mediasoup-client';
import { ClipTrack, createHandlerFactory, ReceivedTrack } from '../../client/node/index.ts';
import {
  type Client,
  connect,
  type JoinOptions,
  openMediaEncryption,
  type Room,
} from '../../client/sdk/index.ts';
import { InProcessServer } from '../support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { syntheticOpus, syntheticVp8 } from '../support/synthetic-clips.ts';
import { eventually } from '../support/wait.ts';

const CLIPS = { video: syntheticVp8(3000, 180), audio: syntheticOpus() };
const KNOWN = new Set([...CLIPS.video.frames, ...CLIPS.audio.frames].map(({ data }) => data.toString('hex')));

/** Everybody who has entered, so that a test that fails leaves nobody behind. */
const clients = new Set<Client>();

/** Somebody in an encrypted room who sends and counts the frames that they can read. */
class Person {
  readonly client: Client;
  readonly room: Room;
  /** Frames that arrived as they were sent, by sending participant. */
  readonly read = new Map<string, number>();

  static async enter(server: InProcessServer, roomId: string, options: JoinOptions = {}): Promise<Person> {
    const handlerFactory = createHandlerFactory();
    const client = await connect({
      url: server.url,
      identity: await newIdentity(server),
      createDevice: () => Device.factory({ handlerFactory }),
    });
    clients.add(client);
    try {
      const encryption = await openMediaEncryption();
      const room = await client.join(roomId, { encryption, encryptionPolicy: 'required', ...options });
      return new Person(client, room);
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  private constructor(client: Client, room: Room) {
    this.client = client;
    this.room = room;
    room.on('track', () => this.#watch());
    this.#watch();
  }

  async publish(): Promise<void> {
    await this.room.publish(new ClipTrack({ clips: [CLIPS.audio] }));
    await this.room.publish(new ClipTrack({ clips: [CLIPS.video] }), { codec: 'vp8' });
  }

  get members(): number {
    const { state, members = [] } = this.room.encryption?.state ?? {};
    return state === 'ready' ? members.length : 0;
  }

  get code(): string {
    return this.room.encryption?.state?.code.join(' ') ?? '';
  }

  #watch(): void {
    for (const { track, participantId } of this.room.tracks) {
      if (track instanceof ReceivedTrack) {
        track.stream.onFrame = ({ data }) => {
          if (KNOWN.has(Buffer.from(data).toString('hex'))) {
            this.read.set(participantId, (this.read.get(participantId) ?? 0) + 1);
          }
        };
      }
    }
  }
}

describe('an encrypted room', () => {
  let server: InProcessServer;
  let admin: ProtocolClient;
  const ROOM = 'encrypted';

  before(async () => {
    server = await InProcessServer.start();
    admin = await ProtocolClient.enter(server.url, await newIdentity(server, { role: 'admin' }));
    await admin.get('room.create', { roomId: ROOM, encryption: 'required' });
  });
  after(async () => {
    await Promise.all([...clients].map((client) => client.close()));
    admin.close();
    await server.close();
  });

  it('people hear and see each other, newcomers too, and whoever is left has new keys', async () => {
    const people = [await Person.enter(server, ROOM), await Person.enter(server, ROOM)];
    const everyone = async (count: number) => {
      await eventually(
        `${count} members with one code`,
        () => people.map(({ members, code }) => `${members} ${code}`),
        (seen) => new Set(seen).size === 1 && seen[0]?.startsWith(`${count} `) === true,
      );
    };
    const allRead = () =>
      eventually(
        'everybody reads everybody',
        () => people.map(({ read }) => people.map(({ room }) => read.get(room.participantId ?? '') ?? 0)),
        (seen) => seen.every((row, i) => row.every((frames, j) => i === j || frames > 20)),
      );
    await everyone(2);
    for (const person of people) {
      await person.publish();
    }
    await allRead();
    const eve = await Person.enter(server, ROOM);
    people.push(eve);
    await everyone(3);
    await eve.publish();
    await allRead();
    const { code } = eve;
    people.pop();
    await eve.client.close();
    await everyone(2);
    assert.notEqual(people[0]?.code, code);
    for (const { read } of people) {
      read.clear();
    }
    await allRead();
    assert.deepEqual(
      people.map(({ room }) => room.encryption?.state?.alarms),
      [[], []],
    );
    assert.deepEqual(
      people[0]?.room.encryption?.state?.members.map(({ name }) => name),
      ['Ann', 'Ann'],
    );
    for (const { client } of people) {
      await client.close();
    }
  });

  it('threat 24: a room that is not encrypted as the program was told is left', async () => {
    await assert.rejects(Person.enter(server, 'clear'), { code: 'ENCRYPTION_INVALID' });
    await assert.rejects(Person.enter(server, ROOM, { encryptionPolicy: 'off' }), {
      code: 'ENCRYPTION_INVALID',
    });
    const handlerFactory = createHandlerFactory();
    const client = await connect({
      url: server.url,
      identity: await newIdentity(server),
      createDevice: () => Device.factory({ handlerFactory }),
    });
    await assert.rejects(client.join(ROOM), { code: 'ENCRYPTION_REQUIRED' });
    await client.close();
  });
});
