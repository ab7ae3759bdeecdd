import { ClipTrack } from '../../client/node/index.ts';
import { type ClipName, loadClip } from '../clips/index.ts';
import { type ServerUnderTest, VoicePeer } from '../generator/index.ts';

const CAMERA: ClipName[] = ['vp8-180p', 'vp8-360p', 'vp8-720p'];
const VOICES: ClipName[] = ['speech-english', 'speech-german'];
/** Shifts between the people's clips, so that their key frames do not coincide. */
const APART_SECONDS = 1.7;

/** People in a room with camera and microphone, without a browser. The first two talk. */
export class Company {
  readonly #server: ServerUnderTest;
  readonly #roomId: string;
  readonly #peers: VoicePeer[] = [];

  constructor(server: ServerUnderTest, roomId: string) {
    this.#server = server;
    this.#roomId = roomId;
  }

  get size(): number {
    return this.#peers.length;
  }

  /** Another person comes. */
  async comes(): Promise<void> {
    const startSeconds = this.size * APART_SECONDS;
    const [first, ...rest] = await Promise.all(CAMERA.map(loadClip));
    const voice = await loadClip(VOICES[this.size] ?? 'silence');
    if (!first) {
      throw new RangeError('no clip');
    }
    const peer = await VoicePeer.enter(this.#server, this.#roomId);
    this.#peers.push(peer);
    await peer.speak(new ClipTrack({ clips: [voice], startSeconds }));
    await peer.show(new ClipTrack({ clips: [first, ...rest], startSeconds }));
  }

  /** The last person goes. */
  async goes(): Promise<void> {
    await this.#peers.pop()?.leave();
  }

  async leave(): Promise<void> {
    await Promise.all(this.#peers.splice(0).map((peer) => peer.leave()));
  }
}
