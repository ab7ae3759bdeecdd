import type { Page } from 'playwright-core';
import type { TestServer } from './server.ts';
import { eventually } from './wait.ts';

/** The page's debug handle; see client/web. */
interface DebugHandle {
  firstFrames?: Map<string, number>;
  canopy?: {
    client: { reconnect(): void };
    room?: {
      state: string;
      speaker: string | null;
      participantId: string;
      participants: Map<
        string,
        { participantId: string; peerId: string; displayName: string; connected: boolean }
      >;
      sources: Array<{ participantId: string; source: string; muted: boolean }>;
      tracks: RemoteTrackHandle[];
      publications: Array<{
        source: string;
        track: MediaStreamTrack;
        unpublish(): Promise<void>;
        getStats(): Promise<RTCStatsReport | undefined>;
      }>;
      publish(track: MediaStreamTrack, options: object): Promise<unknown>;
      restartIce(): Promise<void>;
      on(event: 'track', listener: (track: RemoteTrackHandle) => void): void;
    };
  };
}

interface RemoteTrackHandle {
  source: string;
  kind: string;
  track: MediaStreamTrack;
  participant?: { displayName: string };
  getStats(): Promise<RTCStatsReport>;
}

declare const window: DebugHandle;

export interface VideoState {
  framesDecoded: number;
  frameWidth: number;
  frameHeight: number;
  codec: string;
  bytesReceived: number;
}

/** The subset of a page's API that a Person needs, in any browser. */
export interface PersonPage {
  goto(url: string): Promise<unknown>;
  evaluate<Result, Argument = undefined>(
    run: (argument: Argument) => Result | Promise<Result>,
    argument?: Argument,
  ): Promise<Result>;
  getByTestId(testId: string): {
    waitFor(): Promise<void>;
    fill(text: string): Promise<void>;
    click(): Promise<void>;
  };
  close(): Promise<void>;
}

/** A person at the page: operates it as people do, and reports what they see and hear. */
export class Person<AnyPage extends PersonPage = Page> {
  readonly page: AnyPage;
  readonly name: string;

  constructor(page: AnyPage, name: string) {
    this.page = page;
    this.name = name;
  }

  /** Invites a person and takes them into a room, on their own page. */
  static async invited<AnyPage extends PersonPage>(
    browser: { page(): Promise<AnyPage> },
    server: TestServer,
    name: string,
    room = 'team',
  ): Promise<Person<AnyPage>> {
    const person = new Person(await browser.page(), name);
    await person.enterByInvitation(await server.invite({ role: 'member' }), room);
    return person;
  }

  /** Opens an invitation, enters their name, and joins a room with camera and microphone. */
  async enterByInvitation(link: string, room: string): Promise<void> {
    await this.page.goto(link);
    await this.page.getByTestId('name').fill(this.name);
    await this.page.getByTestId('enrol').click();
    await this.enter(room);
  }

  /** Joins a room, from the home page or the lobby. */
  async enter(room: string): Promise<void> {
    await this.page.getByTestId('identity-name').waitFor();
    await this.page.evaluate(async (room) => {
      const fragment = `#/room/${encodeURIComponent(room)}`;
      if (location.hash !== fragment) {
        // The page shows the lobby before this resolves, since it listens first.
        await new Promise((resolve) => {
          addEventListener('hashchange', () => setTimeout(resolve), { once: true });
          location.hash = fragment;
        });
      }
    }, room);
    await this.page.getByTestId('join').click();
    await this.page.getByTestId('room-view').waitFor();
    await eventually(
      `${this.name} is connected`,
      () => this.state(),
      (state) => state === 'connected',
    );
  }

  /** Leaves the room and closes the page. */
  async leave(): Promise<void> {
    await this.click('leave');
    await this.page.close();
  }

  click(testId: string): Promise<void> {
    return this.page.getByTestId(testId).click();
  }

  /** The SDK's room state. */
  state(): Promise<string | undefined> {
    return this.page.evaluate(() => window.canopy?.room?.state);
  }

  /** Display names on the roster, sorted. */
  roster(): Promise<string[]> {
    return this.page.evaluate(() =>
      [...(window.canopy?.room?.participants.values() ?? [])].map(({ displayName }) => displayName).sort(),
    );
  }

  /** Drops the page's socket, as a lost network would. */
  async cutSocket(): Promise<void> {
    await this.page.evaluate(() => window.canopy?.client.reconnect());
  }

  async restartIce(): Promise<void> {
    await this.page.evaluate(() => window.canopy?.room?.restartIce());
  }

  /** State of someone's received video; undefined while there is none. */
  video(from: string, source = 'camera'): Promise<VideoState | undefined> {
    return this.page.evaluate(
      async ([from, source]) => {
        const track = window.canopy?.room?.tracks.find(
          (each) => each.source === source && each.participant?.displayName === from,
        );
        if (!track) {
          return undefined;
        }
        const stats = [...(await track.getStats()).values()];
        const inbound = stats.find(({ type }) => type === 'inbound-rtp');
        const codec = stats.find(({ id }) => id === inbound?.codecId);
        return (
          inbound && {
            framesDecoded: inbound.framesDecoded ?? 0,
            frameWidth: inbound.frameWidth ?? 0,
            frameHeight: inbound.frameHeight ?? 0,
            bytesReceived: inbound.bytesReceived,
            codec: codec?.mimeType ?? '',
          }
        );
      },
      [from, source] as const,
    );
  }

  /** Media type of someone's received voice; undefined while none is received. */
  audioCodec(from: string): Promise<string | undefined> {
    return this.page.evaluate(async (from) => {
      const track = window.canopy?.room?.tracks.find(
        (each) => each.source === 'microphone' && each.participant?.displayName === from,
      );
      const stats = [...((await track?.getStats())?.values() ?? [])];
      const inbound = stats.find(({ type }) => type === 'inbound-rtp');
      return stats.find(({ id }) => id === inbound?.codecId)?.mimeType;
    }, from);
  }

  /** Bytes sent by this person's camera, by RID; `only` if there is a single encoding. */
  sentBytes(): Promise<Record<string, number>> {
    return this.page.evaluate(async () => {
      const camera = window.canopy?.room?.publications.find(({ source }) => source === 'camera');
      const stats = [...((await camera?.getStats())?.values() ?? [])];
      const sent = stats.filter(({ type }) => type === 'outbound-rtp');
      return Object.fromEntries(sent.map(({ rid, bytesSent }) => [rid ?? 'only', bytesSent]));
    });
  }

  /** Whether someone's source is muted, as others see it; undefined if there is none. */
  hasMuted(from: string, source = 'camera'): Promise<boolean | undefined> {
    return this.page.evaluate(
      ([from, source]) => {
        const room = window.canopy?.room;
        return room?.sources.find(
          (each) => each.source === source && room.participants.get(each.participantId)?.displayName === from,
        )?.muted;
      },
      [from, source] as const,
    );
  }

  /** The peer id of this person's seat. */
  peerId(): Promise<string | undefined> {
    return this.page.evaluate(() => {
      const room = window.canopy?.room;
      return room?.participants.get(room.participantId)?.peerId;
    });
  }

  /** Clicks someone's tile. */
  async pin(this: Person, name: string): Promise<void> {
    await this.page.getByRole('button', { name: `Pin ${name}` }).click();
  }

  /** Simulates a page in the background, or back in the foreground: headless Chromium has no background. */
  async setHidden(hidden: boolean): Promise<void> {
    await this.page.evaluate((hidden) => {
      Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
  }

  /** Waits until `frames` more frames of someone's video have been decoded. */
  async sees(from: string, { source = 'camera', frames = 10 } = {}): Promise<VideoState> {
    const before = (await this.video(from, source))?.framesDecoded ?? 0;
    const state = await eventually(
      `${this.name} sees ${from}'s ${source}`,
      () => this.video(from, source),
      // A new consumer starts counting from 0.
      (now) =>
        now !== undefined &&
        (now.framesDecoded >= before + frames || (now.framesDecoded < before && now.framesDecoded >= frames)),
      60_000,
    );
    if (!state) {
      throw new Error('unreachable');
    }
    return state;
  }

  /** Starts recording when each new video decodes its first frame: see firstFramesAfter(). */
  async watchFirstFrames(): Promise<void> {
    await this.page.evaluate(() => {
      const { room } = window.canopy ?? {};
      if (!room || window.firstFrames) {
        return;
      }
      const firstFrames = new Map<string, number>();
      window.firstFrames = firstFrames;
      room.on('track', ({ kind, track, participant }) => {
        if (kind !== 'video') {
          return;
        }
        const video = document.createElement('video');
        video.muted = true;
        video.srcObject = new MediaStream([track]);
        video.requestVideoFrameCallback(() => {
          firstFrames.set(participant?.displayName ?? '', Date.now());
          video.srcObject = null;
        });
        video.play().catch(() => undefined);
      });
    });
  }

  /** Waits for `count` first frames after `timeMs`. Returns when each was decoded. */
  async firstFramesAfter(timeMs: number, count: number, milliseconds: number): Promise<number[]> {
    return eventually(
      `${this.name} sees ${count} videos again`,
      () =>
        this.page.evaluate(
          (after) => [...(window.firstFrames?.values() ?? [])].filter((at) => at > after),
          timeMs,
        ),
      (times) => times.length === count,
      milliseconds,
    );
  }

  /** The loudest frequency in someone's audio over half a second, in hertz, and its level in dBFS. */
  hear(from: string): Promise<{ frequencyHz: number; levelDb: number } | undefined> {
    return this.page.evaluate(async (from) => {
      const remote = window.canopy?.room?.tracks.find(
        ({ source, participant }) => source === 'microphone' && participant?.displayName === from,
      );
      if (!remote) {
        return undefined;
      }
      const context = new AudioContext({ sampleRate: 48_000 });
      await context.resume();
      const analyser = context.createAnalyser();
      analyser.fftSize = 16_384;
      context.createMediaStreamSource(new MediaStream([remote.track])).connect(analyser);
      await new Promise((resolve) => setTimeout(resolve, 600));
      const spectrum = new Float32Array(analyser.frequencyBinCount);
      analyser.getFloatFrequencyData(spectrum);
      await context.close();
      const peak = spectrum.reduce(
        (best, value, index) => (value > (spectrum[best] ?? -Infinity) ? index : best),
        0,
      );
      return { frequencyHz: (peak * 48_000) / analyser.fftSize, levelDb: spectrum[peak] ?? -Infinity };
    }, from);
  }

  /** Waits until someone is heard with a tone of this frequency. */
  async hears(from: string, frequencyHz: number): Promise<void> {
    await eventually(
      `${this.name} hears ${frequencyHz} Hz from ${from}`,
      () => this.hear(from),
      (heard) => heard !== undefined && heard.levelDb > -60 && Math.abs(heard.frequencyHz - frequencyHz) < 10,
      60_000,
    );
  }

  /** Re-publishes the camera with another codec. */
  async sendCameraAs(codec: string): Promise<void> {
    await this.page.evaluate(async (codec) => {
      const room = window.canopy?.room;
      const camera = room?.publications.find(({ source }) => source === 'camera');
      if (!room || !camera) {
        throw new Error('no camera is sent');
      }
      const { track } = camera;
      await camera.unpublish();
      await room.publish(track.readyState === 'live' ? track : track.clone(), { source: 'camera', codec });
    }, codec);
  }
}
