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
} from '../../client/sdk/index.ts';
import { makeInvitation } from './invitations.ts';
import type { ServerUnderTest } from './local-server.ts';

/** A peer with at most a microphone that hears the others; each voice is a separate stream. */
export class VoicePeer {
  readonly participantId: string;
  /** What it receives, by participant. */
  readonly heard: ReadonlyMap<string, InboundStream>;
  readonly #client: Client;
  readonly #publish: (track: ClipTrack) => Promise<unknown>;

  private constructor(made: {
    participantId: string;
    heard: ReadonlyMap<string, InboundStream>;
    client: Client;
    publish: (track: ClipTrack) => Promise<unknown>;
  }) {
    this.participantId = made.participantId;
    this.heard = made.heard;
    this.#client = made.client;
    this.#publish = made.publish;
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
    const room = await joining;
    for (const track of room.tracks) {
      add(track);
    }
    const { participantId = '' } = room;
    return new VoicePeer({ participantId, heard, client, publish: (track) => room.publish(track) });
  }

  async speak(track: ClipTrack): Promise<void> {
    await this.#publish(track);
  }

  async leave(): Promise<void> {
    await this.#client.close();
  }
}
