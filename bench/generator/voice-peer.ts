import { Device } from 'mediasoup-client';
import {
  type ClipTrack,
  createHandlerFactory,
  type InboundStream,
  ReceivedTrack,
} from '../../client/node/index.ts';
import {
  type Client,
  connect,
  enrol,
  memoryStore,
  parseInvitation,
  type RemoteTrack,
  type Room,
} from '../../client/sdk/index.ts';
import { makeInvitation } from './invitations.ts';
import type { ServerUnderTest } from './local-server.ts';

/** A peer that sends what it is given and hears the others, each voice as a separate stream. It watches nobody. */
export class VoicePeer {
  readonly participantId: string;
  /** What it receives, by participant. */
  readonly heard: ReadonlyMap<string, InboundStream>;
  readonly #client: Client;
  readonly #room: Room;

  private constructor(made: {
    participantId: string;
    heard: ReadonlyMap<string, InboundStream>;
    client: Client;
    room: Room;
  }) {
    this.participantId = made.participantId;
    this.heard = made.heard;
    this.#client = made.client;
    this.#room = made.room;
  }

  static async enter(
    server: Pick<ServerUnderTest, 'url' | 'apiKey'>,
    roomId: string,
    /** Gets each stream before anything arrives on it. */
    onStream: (participantId: string, stream: InboundStream) => void = () => undefined,
  ): Promise<VoicePeer> {
    const invitation = parseInvitation(await makeInvitation(server));
    if (!invitation) {
      throw new TypeError('not an invitation');
    }
    const person = { ...invitation, serverUrl: server.url, displayName: 'Voice', store: memoryStore() };
    const handlerFactory = createHandlerFactory();
    const client = await connect({
      url: server.url,
      identity: await enrol(person),
      createDevice: () => Device.factory({ handlerFactory }),
    });
    const heard = new Map<string, InboundStream>();
    const add = ({ track, participantId }: RemoteTrack): void => {
      if (!(track instanceof ReceivedTrack) || heard.get(participantId) === track.stream) {
        return;
      }
      heard.set(participantId, track.stream);
      onStream(participantId, track.stream);
    };
    const joining = client.join(roomId);
    client.room?.on('track', add);
    client.room?.setLayout({ tiles: [] });
    const room = await joining;
    for (const track of room.tracks) {
      add(track);
    }
    const { participantId = '' } = room;
    return new VoicePeer({ participantId, heard, client, room });
  }

  async speak(track: ClipTrack): Promise<void> {
    await this.#room.publish(track);
  }

  /** Sends camera video in VP8, in one layer per clip, as far as anyone wants them. */
  async show(track: ClipTrack): Promise<void> {
    await this.#room.publish(track, { codec: 'vp8', simulcast: true });
  }

  async leave(): Promise<void> {
    await this.#client.close();
  }
}
