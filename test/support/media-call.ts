import assert from 'node:assert/strict';
import { Device } from 'mediasoup-client';
import { parseVp8 } from '../../base/rtp/index.ts';
import {
  ClipTrack,
  createHandlerFactory,
  type InboundStream,
  type NodeHandlerOptions,
  type OutboundStream,
  ReceivedTrack,
} from '../../client/node/index.ts';
import { type Client, connect, type Room } from '../../client/sdk/index.ts';
import { newIdentity } from './protocol-client.ts';
import type { TestServer } from './server.ts';
import { syntheticOpus, syntheticVp8 } from './synthetic-clips.ts';
import { eventually } from './wait.ts';

/** Packets that prove a stream is still flowing: about two seconds of video, or one of audio. */
const FLOWING_PACKETS = { audio: 25, video: 60 };

/** A person who uses the SDK without a browser, with their media counted by packet. */
export class Talker {
  readonly name: string;
  readonly client: Client;
  readonly room: Room;
  readonly video = new ClipTrack({ clips: [syntheticVp8(400, 180)] });
  readonly #audio = new ClipTrack({ clips: [syntheticOpus()] });
  /** Key frames received. */
  keyFrames = 0;

  private constructor(name: string, client: Client, room: Room) {
    this.name = name;
    this.client = client;
    this.room = room;
  }

  /** Joins a room and publishes audio and video. */
  static async enter(
    server: Pick<TestServer, 'url' | 'invite'>,
    roomId: string,
    name: string,
    { traceparent, ...options }: NodeHandlerOptions & { traceparent?: string } = {},
  ): Promise<Talker> {
    const identity = await newIdentity(server, { displayName: name });
    const handlerFactory = createHandlerFactory(options);
    const client = await connect({
      url: server.url,
      identity,
      ...(traceparent !== undefined && { traceparent }),
      createDevice: () => Device.factory({ handlerFactory }),
    });
    const talker = new Talker(name, client, await client.join(roomId));
    for (const track of [talker.#audio, talker.video]) {
      await talker.room.publish(track);
    }
    talker.room.on('track', () => talker.#watch());
    talker.#watch();
    return talker;
  }

  /** The received streams. */
  get inbound(): InboundStream[] {
    return this.room.tracks.flatMap(({ track }) => (track instanceof ReceivedTrack ? track.stream : []));
  }

  /** The sent video stream. */
  get outboundVideo(): OutboundStream {
    const [stream] = this.video.streams;
    assert.ok(stream, `${this.name} sends video`);
    return stream;
  }

  /** Waits until it is subscribed to this many streams. */
  async subscribed(streams: number): Promise<void> {
    await eventually(
      `${this.name} is subscribed to ${streams} streams`,
      () => this.inbound.length,
      (count) => count === streams,
    );
  }

  #watch(): void {
    for (const stream of this.inbound) {
      if (stream.kind === 'video') {
        stream.tap = ({ payload }) => {
          if (parseVp8(payload)?.keyFrame) {
            this.keyFrames++;
          }
        };
      }
    }
  }
}

/** Two people whose call must survive whatever happens to it. */
export class MediaCall {
  readonly ann: Talker;
  readonly bob: Talker;
  readonly #streams: InboundStream[];

  private constructor(ann: Talker, bob: Talker) {
    this.ann = ann;
    this.bob = bob;
    this.#streams = this.#received();
  }

  static async start(
    server: TestServer,
    roomId: string,
    options: NodeHandlerOptions = {},
  ): Promise<MediaCall> {
    const ann = await Talker.enter(server, roomId, 'Ann', options);
    const bob = await Talker.enter(server, roomId, 'Bob', options);
    await Promise.all([ann.subscribed(2), bob.subscribed(2)]);
    const call = new MediaCall(ann, bob);
    await call.goesOn();
    return call;
  }

  /** Asserts that both still receive each other's audio and video, over their original streams. */
  async goesOn(): Promise<void> {
    const before = this.#streams.map(({ counters }) => counters.packets);
    await eventually(
      'both receive audio and video',
      () =>
        this.#streams.map(
          ({ kind, counters }, index) => [kind, counters.packets - (before[index] ?? 0)] as const,
        ),
      (gained) => gained.every(([kind, packets]) => packets >= FLOWING_PACKETS[kind]),
    );
    assert.deepEqual([this.ann.room.state, this.bob.room.state], ['connected', 'connected']);
    const now = this.#received();
    assert.ok(
      this.#streams.every((stream) => now.includes(stream)),
      'nothing had to be recreated',
    );
  }

  async leave(): Promise<void> {
    await this.ann.client.close();
    await this.bob.client.close();
  }

  #received(): InboundStream[] {
    return [...this.ann.inbound, ...this.bob.inbound];
  }
}
