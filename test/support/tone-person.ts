import assert from 'node:assert/strict';
import { Device } from 'mediasoup-client';
import { type Clip, ClipTrack, createHandlerFactory, ReceivedTrack } from '../../client/node/index.ts';
import {
  type Client,
  connect,
  type MediaEncryption,
  openMediaEncryption,
  type RemoteTrack,
  type Room,
} from '../../client/sdk/index.ts';
import { Codecs, type OpusCodec } from '../../sip-gateway/index.ts';
import { dominantTone, type HeardTone, isTone, NO_TONE } from './heard-tone.ts';
import { newIdentity } from './protocol-client.ts';
import type { TestServer } from './server.ts';
import { opusClip } from './synthetic-clips.ts';
import { eventually } from './wait.ts';

const SENT_HZ = 48_000;
const FRAME = SENT_HZ / 50;
const SENT_AMPLITUDE = 8_000;
/** Sample rate for listening: enough for tones, at a third of the cost. */
const HEARD_HZ = 16_000;

/** A person who uses the SDK without a browser, sends a tone and measures what the others send. */
export class TonePerson {
  /** Level of its tone, relative to full scale. */
  static readonly toneLevelDb = 20 * Math.log10(SENT_AMPLITUDE / 32_768);
  readonly #client: Client;
  readonly #decoder: OpusCodec;
  readonly #encryption: MediaEncryption | undefined;
  /** Samples heard so far from the last speaker. */
  #heard: number[] = [];
  /** The payloads of all packets, as the server has forwarded them. */
  readonly forwarded: Buffer[] = [];
  /** The frames in them that it could read. */
  readonly read: Buffer[] = [];

  private constructor(client: Client, decoder: OpusCodec, encryption: MediaEncryption | undefined) {
    this.#client = client;
    this.#decoder = decoder;
    this.#encryption = encryption;
  }

  /**
   * @param toneHz an integer, so that the clip repeats seamlessly
   * @param pauses the tone pauses for 20 ms in each second: as long as it lasts, Speex does not recover from a lost packet
   * @param encrypts the room is end-to-end encrypted
   */
  static async enter(
    server: TestServer,
    roomId: string,
    toneHz: number,
    { pauses = false, encrypts = false } = {},
  ): Promise<TonePerson> {
    const handlerFactory = createHandlerFactory();
    const client = await connect({
      url: server.url,
      identity: await newIdentity(server, { displayName: 'Tone' }),
      createDevice: () => Device.factory({ handlerFactory }),
    });
    const codecs = await Codecs.load();
    const encryption = encrypts ? await openMediaEncryption() : undefined;
    const person = new TonePerson(client, await codecs.createOpus({ sampleRate: HEARD_HZ }), encryption);
    try {
      const room = await client.join(roomId, { encryption });
      room.on('track', (track) => person.#listen(track));
      for (const track of room.tracks) {
        person.#listen(track);
      }
      await room.publish(new ClipTrack({ clips: [await tone(codecs, toneHz, pauses)] }));
      return person;
    } catch (error) {
      await person.leave();
      throw error;
    }
  }

  /** Waits until it has heard this tone, at this level if given, and little else for a full second from now. */
  async hears(frequencyHz: number, levelDb?: number): Promise<HeardTone> {
    this.#heard = [];
    return eventually(
      `${frequencyHz} Hz are heard in the room`,
      () => {
        const samples = this.#heard.slice(-HEARD_HZ);
        if (samples.length < HEARD_HZ) {
          return NO_TONE;
        }
        return dominantTone(Float64Array.from(samples), HEARD_HZ);
      },
      isTone(frequencyHz, levelDb),
    );
  }

  get room(): Room {
    assert.ok(this.#client.room);
    return this.#client.room;
  }

  async leave(): Promise<void> {
    await this.#client.close();
    this.#encryption?.close();
    this.#decoder.close();
  }

  #listen({ track }: RemoteTrack): void {
    if (!(track instanceof ReceivedTrack)) {
      return;
    }
    this.#decoder.reset();
    this.#heard = [];
    track.stream.tap = ({ payload }) => {
      this.forwarded.push(Buffer.from(payload));
      if (!this.#encryption) {
        this.#hear(Buffer.from(payload));
      }
    };
    if (this.#encryption) {
      track.stream.onFrame = ({ data }) => this.#hear(Buffer.from(data));
    }
  }

  #hear(frame: Buffer): void {
    this.read.push(frame);
    this.#heard.push(...this.#decoder.decode(frame));
  }
}

/** A one-second clip of a tone, which repeats. */
async function tone(codecs: Codecs, frequencyHz: number, pauses: boolean): Promise<Clip> {
  const encoder = await codecs.createOpus({ bitrateBps: 32_000 });
  const step = (2 * Math.PI * frequencyHz) / SENT_HZ;
  const packet = (index: number) =>
    Buffer.from(
      encoder.encode(
        Int16Array.from({ length: FRAME }, (_, n) =>
          pauses && index === 49 ? 0 : Math.round(SENT_AMPLITUDE * Math.sin(step * (index * FRAME + n))),
        ),
      ),
    );
  // Encode it once before, so that the encoder's state at the clip's start is that of its end.
  for (let index = 0; index < 50; index++) {
    packet(index);
  }
  const packets = Array.from({ length: 50 }, (_, index) => ({ audioLevel: 15, data: packet(index) }));
  encoder.close();
  return opusClip(packets);
}
