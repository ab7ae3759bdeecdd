import assert from 'node:assert/strict';
import { Device } from 'mediasoup-client';
import {
  ClipTrack,
  createHandlerFactory,
  type InboundStream,
  type NodeHandlerOptions,
  type OutboundStream,
  parseVp8,
  ReceivedTrack,
} from '../../client/node/index.ts';
import { type Client, connect, type Room } from '../../client/sdk/index.ts';
import { newIdentity } from './protocol-client.ts';
import type { TestServer } from './server.ts';
import { syntheticOpus, syntheticVp8 } from './synthetic-clips.ts';
import { eventually } from './wait.ts';

/** Enough to show that a stream goes on: about two seconds of a video, one of a voice. */
const GOING_ON_PACKETS = { audio: 25, video: 60 };

/** A person on the SDK, without a browser, whose media are counted packet by packet. */
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

  /** Enters a room and sends a voice and a picture. */
  static async enter(
    server: TestServer,
    roomId: string,
    name: string,
    options: NodeHandlerOptions = {},
  ): Promise<Talker> {
    const identity = await newIdentity(server, { displayName: name });
    const handlerFactory = createHandlerFactory(options);
    const client = await connect({
      url: server.url,
      identity,
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

  /** What it receives. */
  get inbound(): InboundStream[] {
    return this.room.tracks.flatMap(({ track }) => (track instanceof ReceivedTrack ? track.stream : []));
  }

  /** The picture's stream as it is sent. */
  get outboundVideo(): OutboundStream {
    const [stream] = this.video.streams;
    assert.ok(stream, `${this.name} sends a picture`);
    return stream;
  }

  /** Waits until it is subscribed to as many streams. */
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

/** Two people whose call has to go on, whatever is done to it or beside it. */
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

  /** Shows that both receive each other's voice and picture still, over what they did from the beginning. */
  async goesOn(): Promise<void> {
    const before = this.#streams.map(({ counters }) => counters.packets);
    await eventually(
      'both receive voice and picture',
      () =>
        this.#streams.map(
          ({ kind, counters }, index) => [kind, counters.packets - (before[index] ?? 0)] as const,
        ),
      (gained) => gained.every(([kind, packets]) => packets >= GOING_ON_PACKETS[kind]),
    );
    assert.deepEqual([this.ann.room.state, this.bob.room.state], ['connected', 'connected']);
    const now = this.#received();
    assert.ok(
      this.#streams.every((stream) => now.includes(stream)),
      'nothing had to be made anew',
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
