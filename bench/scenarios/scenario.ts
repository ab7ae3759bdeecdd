import type { VideoCodec } from '../../client/sdk/index.ts';
import type { Schedule } from '../relay/index.ts';
import { type LayoutName, tilesShown } from './layouts.ts';

/** What people do in a run of the load generator. */
export interface Scenario {
  name: string;
  /** One sentence for the report. */
  description: string;
  rooms: number;
  peersPerRoom: number;
  /** People in each room who send video in addition to the load peers, such as browsers. Default 0. */
  others?: number;
  /** Joins per second, over all rooms. */
  joinsPerSecond: number;
  /**
   * Whether the last peer joins together with the others. Its stages are then not measured separately, but how long it took until everyone
   * was in. Default: it joins alone, after them.
   */
  allTogether?: boolean;
  /** How often the last peer leaves and rejoins before the measurement, to get quantiles of its join times. Default 0. */
  returnsOfLast?: number;
  /** Wait between the last join and the measurement, so that key frames, estimates and V8's compilation settle, in seconds. Default 3. */
  settleSeconds?: number;
  /** Duration of the measurement after that, in seconds. */
  durationSeconds: number;
  /** What everyone's camera sends; absent: audio only. `180p` is one small layer, `simulcast` all layers up to 720p. */
  video?: { codec: Exclude<VideoCodec, 'av1'>; layers: '180p' | 'simulcast' };
  /** What each receiver shows. Default: it reports no layout and receives everyone. */
  layout?: LayoutName;
  /** `media.linkMbps` of the server, in Mbit/s; a remote server must be configured accordingly. Default: none. */
  linkMbps?: number;
  /** Whether rooms are end-to-end encrypted; a remote server must be configured accordingly (`media.encryption`). Default false. */
  encrypted?: boolean;
  /** How many people in each room talk; the others are silent under DTX. */
  talkersPerRoom: number;
  /** Number of processes for the load peers. Default 1. */
  processes?: number;
  /** How many received video streams are decoded by ffmpeg. Default 2. */
  decodedStreams?: number;
  /** The emulated network between peers and server, by direction as the peers see it. Default: none. */
  network?: { up: Schedule; down: Schedule };
  /** Seed of the network. Default 1. */
  seed?: number;
}

/** How many video streams the load peers receive if everyone receives everything that they show. */
export function expectedVideoStreams({ video, rooms, peersPerRoom, others = 0, layout }: Scenario): number {
  const seen = peersPerRoom + others - 1;
  return video ? rooms * peersPerRoom * (layout ? tilesShown(layout, seen) : seen) : 0;
}

/** Whether there is no emulated network, so that any loss is a fault of the generator or the server. */
export function hasCleanPath(scenario: Scenario): boolean {
  return scenario.network === undefined;
}
