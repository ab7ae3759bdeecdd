import { Device } from 'mediasoup-client';
import { type ClipName, loadClip, type UdpRelay } from '../../bench/index.ts';
import {
  ClipTrack,
  createHandlerFactory,
  type InboundStream,
  type LinkCounters,
  ReceivedTrack,
} from '../../client/node/index.ts';
import {
  type Client,
  connect,
  type KeptRecordings,
  type LayoutTile,
  type MediaEncryption,
  type Room,
} from '../../client/sdk/index.ts';
import { newIdentity } from './protocol-client.ts';
import type { TestServer } from './server.ts';
import { eventually } from './wait.ts';

const SIMULCAST: ClipName[] = ['vp8-180p', 'vp8-360p', 'vp8-720p'];

/** A person in a room who uses the SDK without a browser. */
export class HeadlessPerson {
  readonly room: Room;
  readonly participantId: string;
  readonly #client: Client;
  readonly #links: Map<string, LinkCounters>;

  private constructor(client: Client, room: Room, links: Map<string, LinkCounters>) {
    this.#client = client;
    this.room = room;
    this.participantId = room.participantId ?? '';
    this.#links = links;
  }

  /**
   * @param behind the relay that its media goes through. Default: directly to the server's candidates.
   * @param encryption encrypts what it sends, and decrypts what it receives
   */
  static async enter(
    server: TestServer,
    roomId: string,
    behind?: Pick<UdpRelay, 'address'>,
    encryption?: MediaEncryption,
  ): Promise<HeadlessPerson> {
    const links = new Map<string, LinkCounters>();
    const handlerFactory = createHandlerFactory({
      ...(behind && { mapCandidate: (candidate) => ({ ...candidate, ...placeOf(behind) }) }),
      onTransport: (direction, counters) => links.set(direction, counters),
    });
    const identity = await newIdentity(server);
    const client = await connect({
      url: server.url,
      identity,
      createDevice: () => Device.factory({ handlerFactory }),
    });
    try {
      return new HeadlessPerson(client, await client.join(roomId, { encryption }), links);
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  /** The recordings of the room. */
  get recordings(): Promise<KeptRecordings> {
    return this.#client.recordings(this.room.roomId);
  }

  /** Sends camera video in three layers up to 720p, as far as anyone wants them. */
  async showCamera(): Promise<void> {
    const [first, ...rest] = await Promise.all(SIMULCAST.map(loadClip));
    if (!first) {
      throw new RangeError('no clip');
    }
    await this.room.publish(new ClipTrack({ clips: [first, ...rest] }), { codec: 'vp8', simulcast: true });
  }

  /** Publishes a silent microphone. */
  async listen(): Promise<void> {
    await this.room.publish(new ClipTrack({ clips: [await loadClip('silence')] }));
  }

  looksAt(
    tiles: ReadonlyArray<{ at: HeadlessPerson; width: number; height: number; pinned?: boolean }>,
  ): void {
    this.room.setLayout({
      tiles: tiles.map(
        ({ at, ...tile }): LayoutTile => ({ participantId: at.participantId, source: 'camera', ...tile }),
      ),
    });
  }

  /** The stream of someone's video, once it is received. */
  picture(of: HeadlessPerson): Promise<InboundStream> {
    return eventually('video', () => {
      const found = this.room.tracks.find(
        ({ participantId, kind }) => kind === 'video' && participantId === of.participantId,
      );
      return found?.track instanceof ReceivedTrack ? found.track.stream : undefined;
    }) as Promise<InboundStream>;
  }

  /** Bytes of RTP and RTCP received by all its transports. */
  get receivedBytes(): number {
    return this.#links.get('recv')?.receivedBytes ?? 0;
  }

  async leave(): Promise<void> {
    await this.#client.close();
  }
}

function placeOf({ address: { address, port } }: Pick<UdpRelay, 'address'>) {
  return { ip: address, address, port };
}
