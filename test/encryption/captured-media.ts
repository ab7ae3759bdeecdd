import { ReceivedTrack } from '../../client/node/index.ts';
// biome-ignore lint/plugin: from captured packets, as receivers put frames together
import { FrameReader } from '../../client/node/receive/frame-reader.ts';
import type { RemoteTrack, Room } from '../../client/sdk/index.ts';

type Packet = Parameters<FrameReader['add']>[0];

/** A frame as the server forwarded it: encrypted. */
export interface CapturedFrame {
  participantId: string;
  source: RemoteTrack['source'];
  codec: 'opus' | 'vp8';
  /** When its last packet arrived, on performance.now(). */
  atMs: number;
  data: Uint8Array<ArrayBuffer>;
}

/** All packets that somebody in a room receives, as they are after SRTP: what the server forwards. Video has to be VP8. */
export class CapturedMedia {
  readonly #packets = new Map<RemoteTrack, Array<{ packet: Packet; atMs: number }>>();

  constructor(room: Room) {
    room.on('track', (track) => this.#watch(track));
    for (const track of room.tracks) {
      this.#watch(track);
    }
  }

  /** How many packets have come from somebody, by source. */
  count(participantId: string): number[] {
    return [...this.#packets].flatMap(([track, packets]) =>
      track.participantId === participantId ? packets.length : [],
    );
  }

  /** What has come from somebody, put together. */
  frames(participantId: string): CapturedFrame[] {
    return [...this.#packets].flatMap(([track, packets]) => {
      if (track.participantId !== participantId) {
        return [];
      }
      const codec = track.kind === 'audio' ? 'opus' : 'vp8';
      const { source } = track;
      const reader = new FrameReader(codec);
      return packets.flatMap(({ packet, atMs }) =>
        reader.add(packet, atMs).map(({ data }) => ({ participantId, source, codec, atMs, data }) as const),
      );
    });
  }

  #watch(remote: RemoteTrack): void {
    const { track } = remote;
    if (!(track instanceof ReceivedTrack) || this.#packets.has(remote)) {
      return;
    }
    const packets: Array<{ packet: Packet; atMs: number }> = [];
    this.#packets.set(remote, packets);
    track.stream.tap = ({ header, payload }) => {
      packets.push({ packet: { ...header, payload: Buffer.from(payload) }, atMs: performance.now() });
    };
  }
}
