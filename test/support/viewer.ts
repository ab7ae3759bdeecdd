import { setTimeout as delay } from 'node:timers/promises';
import type { Person, PersonPage } from './person.ts';
import { eventually } from './wait.ts';

/** A video on a viewer's screen, with its size in device pixels. */
export interface ViewedTile {
  participantId: string;
  width: number;
  height: number;
}

/** A displayed frame, with the page's time in milliseconds. */
export interface ShownFrame {
  atMs: number;
  height: number;
}

interface PageTrack {
  participantId: string;
  kind: string;
  track: MediaStreamTrack;
  getStats(): Promise<RTCStatsReport>;
}

declare const window: {
  canopy: {
    room: {
      tracks: PageTrack[];
      participantId: string;
      setLayout(layout: { tiles: Array<ViewedTile & { source: 'camera' }> }): void;
      on(event: 'track', listener: (track: PageTrack) => void): void;
    };
  };
  /** By participant. */
  shownFrames?: Map<string, ShownFrame[]>;
  setViewed?: (tiles: ViewedTile[]) => void;
};

/** WebRTC statistics of a received video; counts and sums since its start. */
export interface ReceivedPicture {
  framesDecoded: number;
  frameHeight: number;
  freezeCount: number;
  totalFreezesSeconds: number;
  bytesReceived: number;
}

/** Controls what a person's page shows, and records every frame. */
export class Viewer {
  readonly #person: Person<PersonPage>;

  private constructor(person: Person<PersonPage>) {
    this.#person = person;
  }

  static async of(person: Person<PersonPage>): Promise<Viewer> {
    await person.page.evaluate(() => {
      const { room } = window.canopy;
      // Stop the page from reporting its own layout.
      const set = room.setLayout.bind(room);
      window.setViewed = (tiles) => set({ tiles: tiles.map((tile) => ({ ...tile, source: 'camera' })) });
      room.setLayout = () => {};
      const shown = new Map<string, ShownFrame[]>();
      window.shownFrames = shown;
      const watch = ({ kind, track, participantId }: PageTrack): void => {
        if (kind !== 'video') {
          return;
        }
        const frames: ShownFrame[] = shown.get(participantId) ?? [];
        shown.set(participantId, frames);
        const video = document.createElement('video');
        video.muted = true;
        video.srcObject = new MediaStream([track]);
        // Only elements in the document are rendered.
        video.style.cssText = 'position:fixed;right:0;bottom:0;width:16px;height:9px';
        document.body.append(video);
        const onFrame = (_: number, { height }: { height: number }): void => {
          frames.push({ atMs: performance.now(), height });
          if (track.readyState === 'live') {
            video.requestVideoFrameCallback(onFrame);
          } else {
            video.remove();
          }
        };
        video.requestVideoFrameCallback(onFrame);
        video.play().catch(() => undefined);
      };
      for (const track of room.tracks) {
        watch(track);
      }
      room.on('track', watch);
    });
    return new Viewer(person);
  }

  /** Shows exactly these videos from now on. Returns the page's time. */
  shows(tiles: ViewedTile[]): Promise<number> {
    return this.#person.page.evaluate((tiles) => {
      window.setViewed?.(tiles);
      return performance.now();
    }, tiles);
  }

  /** The page's time, in milliseconds. */
  nowMs(): Promise<number> {
    return this.#person.page.evaluate(() => performance.now());
  }

  /** Someone's frames displayed after this page time. */
  frames(of: string, afterMs = 0): Promise<ShownFrame[]> {
    return this.#person.page.evaluate(
      ([of, afterMs]) => (window.shownFrames?.get(of) ?? []).filter(({ atMs }) => atMs > afterMs),
      [of, afterMs] as const,
    );
  }

  /** Waits for a matching frame of someone. Returns its time since `sinceMs` and the longest freeze before it, in milliseconds. */
  async sees(
    of: string,
    what: string,
    isRight: (height: number) => boolean,
    sinceMs: number,
    milliseconds = 30_000,
  ): Promise<{ afterMs: number; standstillMs: number }> {
    const frames = await eventually(
      `${this.#person.name} sees ${what}`,
      () => this.frames(of, sinceMs),
      (seen) => seen.some(({ height }) => isRight(height)),
      milliseconds,
    );
    const at = frames.findIndex(({ height }) => isRight(height));
    const times = [sinceMs, ...frames.slice(0, at + 1).map(({ atMs }) => atMs)];
    const gaps = times.slice(1).map((atMs, place) => atMs - (times[place] ?? 0));
    return { afterMs: (times.at(-1) ?? 0) - sinceMs, standstillMs: Math.max(...gaps) };
  }

  /** Statistics of all received videos, by participant. */
  async received(): Promise<Map<string, ReceivedPicture>> {
    const all = await this.#person.page.evaluate(() =>
      Promise.all(
        window.canopy.room.tracks
          .filter(({ kind }) => kind === 'video')
          .map(async (track) => {
            const stats = [...(await track.getStats()).values()];
            const inbound = stats.find(({ type }) => type === 'inbound-rtp') ?? {};
            const picture = {
              framesDecoded: inbound.framesDecoded ?? 0,
              frameHeight: inbound.frameHeight ?? 0,
              freezeCount: inbound.freezeCount ?? 0,
              totalFreezesSeconds: inbound.totalFreezesDuration ?? 0,
              bytesReceived: inbound.bytesReceived ?? 0,
            };
            return [track.participantId, picture] as const;
          }),
      ),
    );
    return new Map(all);
  }

  /** The share of someone's audio that is concealed, because it was late or lost, over the next seconds. */
  async concealedShare(of: string, seconds = 4): Promise<number> {
    const samples = () =>
      this.#person.page.evaluate(async (of) => {
        const voice = window.canopy.room.tracks.find(
          ({ kind, participantId }) => kind === 'audio' && participantId === of,
        );
        const stats = [...((await voice?.getStats())?.values() ?? [])];
        const inbound = stats.find(({ type }) => type === 'inbound-rtp') ?? {};
        // Silence during DTX is not a loss.
        const concealed = (inbound.concealedSamples ?? 0) - (inbound.silentConcealedSamples ?? 0);
        return { concealed, all: inbound.totalSamplesReceived ?? 0 };
      }, of);
    const before = await samples();
    await delay(seconds * 1000);
    const after = await samples();
    return (after.concealed - before.concealed) / Math.max(1, after.all - before.all);
  }

  /** This person's participant id. */
  participantId(): Promise<string> {
    return this.#person.page.evaluate(() => window.canopy.room.participantId);
  }
}
