import type { Logger } from 'pino';
import type { Config } from '../base/index.ts';
import type { CodecName } from './codecs.ts';
import type { ListenAddress } from './types.ts';

export interface SfuOptions {
  /** Number of media workers (processes), at least 1. */
  workers: number;
  /** UDP and TCP port of the first worker; worker n uses rtcPort + n. 0: free ports. */
  rtcPort: number;
  /** Where clients reach the workers; see AnnouncedHosts. */
  listen: readonly ListenAddress[];
  /** The mediasoup worker program. Default: MEDIASOUP_WORKER_BIN, else mediasoup's own. */
  workerBin?: string;
  /** How often a worker must answer, in milliseconds; three misses end it. Default 500. */
  heartbeatMilliseconds?: number;
  /** A worker whose memory has grown beyond this, in bytes of resident set, is ended and replaced. Default 2 GiB. */
  workerMemoryLimitBytes?: number;
  /** What a peer may be sent in all, in bits per second. Default 2,000,000. */
  downBudgetBps?: number;
  /** What a peer may send in all, in bits per second; 0: any amount. Default 2,000,000. */
  upBudgetBps?: number;
  /** What the node may send in all, in bits per second; 0: any amount. Default 0. */
  linkBps?: number;
  /** Nobody new gets in when the worker of the room uses more of a core than this, 0 to 1; 0: off. Default 0.85. */
  cpuLimitShare?: number;
  /**
   * From this share of a core on, used by the worker of a room, further peers of the room go to another worker of the host; 1: never.
   * Default 0.65.
   */
  spillShare?: number;
  /** Newcomers are refused if a receiver's share of the guarded link would fall below this, in bits per second; 0: off. Default 250,000. */
  linkFloorBps?: number;
  /** How many microphones of a room are forwarded, the loudest; 0: all. Default 3. */
  audibleSpeakers?: number;
  /** Codecs of new rooms, the preferred first. Default: all. */
  mediaCodecs?: readonly CodecName[];
  log: Logger;
}

/** The budgets and limits of the configuration. */
export function budgetsOf({
  media,
}: Pick<Config, 'media'>): Required<
  Pick<
    SfuOptions,
    'downBudgetBps' | 'upBudgetBps' | 'linkBps' | 'cpuLimitShare' | 'linkFloorBps' | 'spillShare'
  >
> {
  return {
    downBudgetBps: media.downBudgetKbps * 1000,
    upBudgetBps: media.upBudgetKbps * 1000,
    linkBps: media.linkMbps * 1_000_000,
    cpuLimitShare: media.cpuLimitPercent / 100,
    linkFloorBps: media.linkFloorKbps * 1000,
    spillShare: media.spillPercent / 100,
  };
}
