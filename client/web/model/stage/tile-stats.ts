import { signal } from '@preact/signals';
import type { RemoteTrack, Room } from '../../../sdk/index.ts';
import { seatKey } from './seating.ts';

const INTERVAL_MS = 1000;

/** Statistics of received and sent video as text for each tile, updated every second while switched on. */
export class TileStats {
  /** Lines of text by seatKey(). */
  readonly lines = signal<ReadonlyMap<string, readonly string[]>>(new Map());
  readonly #room: Room;
  /** The last byte count and its time, by stream. */
  readonly #counted = new Map<string, { bytes: number; atMs: number }>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(room: Room) {
    this.#room = room;
  }

  get on(): boolean {
    return this.#timer !== undefined;
  }

  toggle(): void {
    if (this.on) {
      this.close();
      return;
    }
    this.#timer = setInterval(() => void this.#measure(), INTERVAL_MS);
    void this.#measure();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.lines.value = new Map();
  }

  async #measure(): Promise<void> {
    const received = this.#room.tracks
      .filter(({ kind }) => kind === 'video')
      .map(
        async (track): Promise<[string, string[]]> => [
          seatKey({ participantId: track.participantId, screen: track.source === 'screen' }),
          [...this.#streams(await track.getStats(), 'inbound-rtp'), layersOf(track)],
        ],
      );
    const sent = this.#room.publications
      .filter(({ kind }) => kind === 'video')
      .map(async (publication): Promise<[string, string[]]> => {
        const stats = await publication.getStats();
        const lines = stats ? this.#streams(stats, 'outbound-rtp') : [];
        const screen = publication.source === 'screen';
        const key = seatKey({ participantId: this.#room.participantId ?? '', screen });
        return [key, lines.length > 0 ? lines : ['nothing is sent']];
      });
    // Tracks that have ended in the meantime have no statistics.
    const all = await Promise.allSettled([...received, ...sent]);
    if (!this.on) {
      return;
    }
    this.lines.value = new Map(all.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])));
  }

  /** One line for each active stream. */
  #streams(stats: RTCStatsReport, type: 'inbound-rtp' | 'outbound-rtp'): string[] {
    return [...stats.values()]
      .filter((each) => each.type === type && each.active !== false)
      .map((each) => {
        const bytes: number = each.bytesReceived ?? each.bytesSent ?? 0;
        const before = this.#counted.get(each.id);
        this.#counted.set(each.id, { bytes, atMs: each.timestamp });
        const kbps = before ? ((bytes - before.bytes) * 8) / (each.timestamp - before.atMs) : 0;
        const size = each.frameWidth ? `${each.frameWidth}×${each.frameHeight}` : '–';
        const name = each.rid ? `${each.rid} ` : each.scalabilityMode ? `${each.scalabilityMode} ` : '';
        return `${name}${size} · ${Math.round(each.framesPerSecond ?? 0)} fps · ${Math.round(kbps)} kbit/s`;
      });
  }
}

function layersOf({ allocation, layers }: RemoteTrack): string {
  const text = (each: RemoteTrack['layers']) =>
    each ? `${each.spatialLayer}/${each.temporalLayer ?? '–'}` : '–';
  if (!allocation) {
    return `layer ${text(layers)}`;
  }
  return `layer ${text(layers)} of ${text(allocation.layers)} · ${allocation.reason}`;
}
