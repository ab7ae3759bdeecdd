import { Device } from 'mediasoup-client';
import { createHandlerFactory, ReceivedTrack } from '../../../client/node/index.ts';
import {
  type Client,
  connect,
  enrol,
  memoryStore,
  parseInvitation,
  type RemoteTrack,
  type Room,
} from '../../../client/sdk/index.ts';
import { makeInvitation } from '../../generator/index.ts';
import type { LoadClient, LoadClientOptions } from '../load-client.ts';

type Identity = Awaited<ReturnType<typeof enrol>>;

/** Somebody in a room of Canopy, through the SDK. */
export class CanopyClient implements LoadClient {
  readonly #options: LoadClientOptions;
  readonly #identity: Identity;
  readonly #seen = new Set<RemoteTrack['track']>();
  #client: Client | undefined;

  private constructor(options: LoadClientOptions, identity: Identity) {
    this.#options = options;
    this.#identity = identity;
  }

  static async create(options: LoadClientOptions): Promise<CanopyClient> {
    const { url, secret } = options.access;
    const invitation = parseInvitation(await makeInvitation({ url, apiKey: secret }));
    if (!invitation) {
      throw new TypeError('not an invitation');
    }
    const person = { ...invitation, serverUrl: url, displayName: options.name, store: memoryStore() };
    return new CanopyClient(options, await enrol(person));
  }

  async enter(): Promise<void> {
    const { access, room: roomId, tracks, watches, variant, mapCandidate } = this.#options;
    const handlerFactory = createHandlerFactory({
      steadyArrivals: true,
      stampsPackets: true,
      transportCc: variant.estimation,
      ...(mapCandidate && { mapCandidate }),
    });
    const client = await connect({
      url: access.url,
      identity: this.#identity,
      createDevice: () => Device.factory({ handlerFactory }),
    });
    this.#client = client;
    const joining = client.join(roomId);
    client.room?.on('track', (track) => this.#add(track));
    const show = () => this.#show(client.room, watches);
    client.room?.on('participant-joined', show);
    client.room?.on('participant-left', show);
    show();
    const room = await joining;
    for (const track of room.tracks) {
      this.#add(track);
    }
    for (const track of tracks) {
      await room.publish(track, track.kind === 'video' ? { codec: 'vp8', simulcast: false } : {});
    }
  }

  /** The server subscribes everyone. */
  async watch(): Promise<void> {}

  async leave(): Promise<void> {
    await this.#client?.close();
  }

  /** Everyone large and pinned: of tiles that are one among many, Canopy leaves out temporal layers that hardly show. */
  #show(room: Room | undefined, watches: boolean): void {
    const others = watches ? [...(room?.participants.keys() ?? [])] : [];
    room?.setLayout({
      tiles: others
        .filter((id) => id !== room.participantId)
        .map((participantId) => ({
          participantId,
          source: 'camera',
          width: 1280,
          height: 720,
          pinned: true,
        })),
    });
  }

  #add({ track }: RemoteTrack): void {
    if (!(track instanceof ReceivedTrack) || this.#seen.has(track)) {
      return;
    }
    this.#seen.add(track);
    this.#options.onStream(track.stream);
  }
}
