import { Device } from 'mediasoup-client';
import { ClipTrack, createHandlerFactory, ReceivedTrack } from '../../client/node/index.ts';
import {
  type Client,
  connect,
  type EncryptionAlarm,
  type EpochKeys,
  type Identity,
  type JoinOptions,
  openMediaEncryption,
  type Room,
} from '../../client/sdk/index.ts';
import type { InProcessServer } from './in-process-server.ts';
import { newIdentity } from './protocol-client.ts';
import { syntheticOpus, syntheticVp8 } from './synthetic-clips.ts';
import { eventually } from './wait.ts';

const CLIPS = { video: syntheticVp8(3000, 180), audio: syntheticOpus() };
const KNOWN = new Set([...CLIPS.video.frames, ...CLIPS.audio.frames].map(({ data }) => data.toString('hex')));

export type EntryOptions = JoinOptions & {
  /** Default: a new member called Ann. */
  identity?: Identity;
  /** What it connects to. Default: the server itself. */
  url?: string;
};

/** Somebody in an encrypted room who uses the SDK without a browser, sends made-up frames and counts those that they can read. */
export class EncryptedPerson {
  readonly client: Client;
  readonly room: Room;
  /** The keys of every epoch that it was in, none of them forgotten. */
  readonly keys: readonly EpochKeys[];
  /** Frames that arrived as they were sent, by sending participant. */
  readonly read = new Map<string, number>();

  constructor(client: Client, room: Room, keys: readonly EpochKeys[]) {
    this.client = client;
    this.room = room;
    this.keys = keys;
    room.on('track', () => this.#watch());
    this.#watch();
  }

  /** Sends microphone and camera (VP8). */
  async publish(): Promise<void> {
    await this.room.publish(new ClipTrack({ clips: [CLIPS.audio] }));
    await this.room.publish(new ClipTrack({ clips: [CLIPS.video] }), { codec: 'vp8' });
  }

  get participantId(): string {
    return this.room.participantId ?? '';
  }

  /** How many devices have the keys, as it knows; 0 without keys. */
  get members(): number {
    const { state, members = [] } = this.room.encryption?.state ?? {};
    return state === 'ready' ? members.length : 0;
  }

  get code(): string {
    return this.room.encryption?.state?.code.join(' ') ?? '';
  }

  get alarms(): readonly EncryptionAlarm[] {
    return this.room.encryption?.state?.alarms ?? [];
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

/** The people of a test, so that a test that fails leaves nobody behind. */
export class EncryptedPeople {
  readonly #server: InProcessServer;
  readonly #clients = new Set<Client>();

  constructor(server: InProcessServer) {
    this.#server = server;
  }

  async enter(
    roomId: string,
    { identity, url = this.#server.url, ...options }: EntryOptions = {},
  ): Promise<EncryptedPerson> {
    const handlerFactory = createHandlerFactory();
    const client = await connect({
      url,
      identity: identity ?? (await newIdentity(this.#server)),
      createDevice: () => Device.factory({ handlerFactory }),
    });
    this.#clients.add(client);
    const keys: EpochKeys[] = [];
    const encryption = await openMediaEncryption();
    const setEpoch = encryption.setEpoch.bind(encryption);
    encryption.setEpoch = (epoch) => {
      keys.push(epoch);
      setEpoch(epoch);
    };
    const room = await client.join(roomId, { encryption, encryptionPolicy: 'required', ...options });
    return new EncryptedPerson(client, room, keys);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients].map((client) => client.close()));
  }
}

/** Waits until these people are in one epoch with so many members. */
export async function inOneEpoch(people: readonly EncryptedPerson[], members = people.length): Promise<void> {
  await eventually(
    `${members} members with one code`,
    () => people.map((person) => `${person.members} ${person.code}`),
    (seen) => new Set(seen).size === 1 && seen[0]?.startsWith(`${members} `) === true,
  );
}

/** Waits until each of these people has read frames of every other one since now. */
export async function allRead(people: readonly EncryptedPerson[]): Promise<void> {
  for (const { read } of people) {
    read.clear();
  }
  await eventually(
    'everybody reads everybody',
    () => people.map(({ read }) => people.map(({ participantId }) => read.get(participantId) ?? 0)),
    (seen) => seen.every((row, i) => row.every((frames, j) => i === j || frames > 20)),
  );
}
