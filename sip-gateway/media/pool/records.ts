import { type CodecName, clockRateOf } from '../../codecs/index.ts';
import type { LegMedia, MediaSource, Prompt } from '../leg-types.ts';
import type { Forwarding, RoomConnection } from '../mixer/index.ts';
import { type Endpoint, StreamNumbers } from '../rtp/index.ts';
import type { MediaThread, RequestName, Requests } from '../thread/index.ts';

const FRAMES_PER_SECOND = 50;

/** A place for a thread in the pool. A successor takes the slot of a dead thread. */
export interface Slot {
  thread: MediaThread;
  startedMs: number;
  /** Pending while a successor takes over. */
  busy: Promise<void> | undefined;
}

/** The state of a leg that is needed to restore it in another thread, after a move or the death of its thread. */
export class LegRecord {
  readonly legId: string;
  /** The room that the leg was opened for, if known. */
  readonly roomId: string | undefined;
  slot: Slot;
  /** Pending while it moves. */
  busy: Promise<void> | undefined;
  port = 0;
  /** Numbers of the stream to the phone. */
  readonly numbers = new StreamNumbers();
  readonly #ip: string;
  readonly #prompts = new Map<string, Prompt>();
  #media: LegMedia | undefined;
  #waits = false;
  #muted: { toRoom?: boolean; toPhone?: boolean } = {};
  #seat:
    | { roomId: string; ssrc: number; numbers: StreamNumbers; forwarding: Forwarding | undefined }
    | undefined;
  #source: Endpoint | undefined;
  #rtcpSource: Endpoint | undefined;

  constructor(slot: Slot, ip: string, legId: string, roomId: string | undefined) {
    this.slot = slot;
    this.#ip = ip;
    this.legId = legId;
    this.roomId = roomId;
  }

  /** Updates the state after a successful request. */
  note<K extends RequestName>(name: K, args: Requests[K]['args']): void {
    const done = { name, args } as {
      [N in RequestName]: { name: N; args: Requests[N]['args'] };
    }[RequestName];
    if (done.name === 'leg.start') {
      this.#media = done.args.media;
    } else if (done.name === 'leg.mute') {
      const { toRoom = this.#muted.toRoom, toPhone = this.#muted.toPhone } = done.args;
      this.#muted = { toRoom, toPhone };
    } else if (done.name === 'leg.wait') {
      this.#waits = done.args.on;
    } else if (done.name === 'leg.play') {
      this.#prompts.set(done.args.prompt.promptId, done.args.prompt);
    } else if (done.name === 'leg.join') {
      const { roomId, ssrc, numbers, forwarding } = done.args;
      this.#seat = { roomId, ssrc, numbers: new StreamNumbers(numbers), forwarding };
    } else if (done.name === 'leg.leave') {
      this.#seat = undefined;
    }
  }

  /** Where the phone's media comes from, once it has been heard. */
  get source(): MediaSource | undefined {
    return this.#source && { ...this.#source, rtcp: this.#rtcpSource };
  }

  played(promptId: string): void {
    this.#prompts.delete(promptId);
  }

  heardFrom(source: Endpoint, component: 1 | 2): void {
    if (component === 1) {
      this.#source = source;
    } else {
      this.#rtcpSource = source;
    }
  }

  leftRoom(roomId: string): void {
    if (this.#seat?.roomId === roomId) {
      this.#seat = undefined;
    }
  }

  /** Recreates the leg in its slot's thread, with the same ports and streams. `silentMs`: how long it had no thread. */
  async restore(silentMs = 0): Promise<void> {
    const { legId, port } = this;
    const { thread } = this.slot;
    await thread.request('leg.open', {
      legId,
      ip: this.#ip,
      ports: { min: port, max: port + 1 },
      numbers: this.numbers.shared,
    });
    if (!this.#media) {
      return;
    }
    const silentFrames = Math.round((silentMs * FRAMES_PER_SECOND) / 1000);
    const silentTicks = (codec: CodecName) => (silentFrames * clockRateOf(codec)) / FRAMES_PER_SECOND;
    this.numbers.advance(silentTicks(this.#media.codec));
    await thread.request('leg.start', { legId, media: this.#media, source: this.source });
    await thread.request('leg.mute', { legId, ...this.#muted });
    if (this.#waits) {
      await thread.request('leg.wait', { legId, on: true });
    }
    for (const prompt of this.#prompts.values()) {
      await thread.request('leg.play', { legId, prompt });
    }
    if (!this.#seat) {
      return;
    }
    const { numbers, ...seat } = this.#seat;
    numbers.advance(silentTicks(seat.forwarding?.codec ?? 'opus'));
    await thread.request('leg.join', { legId, ...seat, numbers: numbers.shared });
  }
}

/** The state of a room that is needed to restore it in another thread. */
export class RoomRecord {
  readonly roomId: string;
  readonly slot: Slot;
  readonly busy = undefined;
  port = 0;
  readonly #ip: string;
  #connection: RoomConnection | undefined;
  #epochs: Requests['room.keys']['args']['epochs'] = [];
  #sources: Requests['room.sources']['args']['sources'] = [];

  constructor(slot: Slot, ip: string, roomId: string) {
    this.slot = slot;
    this.#ip = ip;
    this.roomId = roomId;
  }

  /** Updates the state after a successful request. */
  note<K extends RequestName>(name: K, args: Requests[K]['args']): void {
    if (name === 'room.connect') {
      this.#connection = (args as Requests['room.connect']['args']).connection;
    } else if (name === 'room.keys') {
      this.#epochs = (args as Requests['room.keys']['args']).epochs;
    } else if (name === 'room.sources') {
      this.#sources = (args as Requests['room.sources']['args']).sources;
    }
  }

  /** Recreates the room in its slot's thread, on the same port. */
  async restore(): Promise<void> {
    const { roomId, port } = this;
    const { thread } = this.slot;
    await thread.request('room.open', { roomId, ip: this.#ip, port });
    await thread.request('room.keys', { roomId, epochs: this.#epochs });
    await thread.request('room.sources', { roomId, sources: this.#sources });
    if (this.#connection) {
      await thread.request('room.connect', { roomId, connection: this.#connection });
    }
  }
}
