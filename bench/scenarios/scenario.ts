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
  /** People in each room besides the load peers who send a picture, such as browsers. Default 0. */
  others?: number;
  /** How many people enter a second, over all rooms. */
  joinsPerSecond: number;
  /**
   * Whether the last one comes like all others; its stages are not told apart then, but how long it took until all were in. Default: it
   * comes alone after them.
   */
  allTogether?: boolean;
  /** How often the last to come leaves and enters again before anything is measured: so the times of exactly this one have quantiles. Default 0. */
  returnsOfLast?: number;
  /** Between the last join and the measurement, so that key frames, estimates and what the server still compiles settle, in seconds. Default 3. */
  settleSeconds?: number;
  /** How long is measured after that, in seconds. */
  durationSeconds: number;
  /** What everybody's camera sends; absent: audio only. `180p` is one small picture, `simulcast` all layers up to 720p. */
  video?: { codec: Exclude<VideoCodec, 'av1'>; layers: '180p' | 'simulcast' };
  /** What each receiver shows. Default: it says nothing, and receives everybody. */
  layout?: LayoutName;
  /** The link that the server guards, in Mbit/s; a server elsewhere must be set so. Default: none. */
  linkMbps?: number;
  /** How many in each room talk; the rest is silent under DTX. */
  talkersPerRoom: number;
  /** Processes that the load peers are spread over. Default 1. */
  processes?: number;
  /** How many received video streams are decoded by ffmpeg. Default 2. */
  decodedStreams?: number;
  /** The network between peers and server, by direction as the peers see it; absent: none between them. */
  network?: { up: Schedule; down: Schedule };
  /** Seed of the network. Default 1. */
  seed?: number;
}

/** How many video streams the load peers receive when everybody receives all that they show. */
export function expectedVideoStreams({ video, rooms, peersPerRoom, others = 0, layout }: Scenario): number {
  const seen = peersPerRoom + others - 1;
  return video ? rooms * peersPerRoom * (layout ? tilesShown(layout, seen) : seen) : 0;
}

/** Whether nothing stands between peers and server, so that any loss is a fault of the generator or the server. */
export function hasCleanPath(scenario: Scenario): boolean {
  return scenario.network === undefined;
}
