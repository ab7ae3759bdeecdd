import type { Logger } from 'pino';
import type { Config } from '../base/index.ts';
import type { CodecName } from './codecs.ts';
import type { ListenAddress } from './types.ts';

export interface SfuOptions {
  /** Number of media workers (processes), at least 1. */
  workers: number;
  /** UDP and TCP port of the first worker; worker n uses rtcPort + n. 0: free ports. */
  rtcPort: number;
  /** Addresses at which clients reach the workers; see AnnouncedHosts. */
  listen: readonly ListenAddress[];
  /** The mediasoup worker program. Default: MEDIASOUP_WORKER_BIN, else mediasoup's own. */
  workerBin?: string;
  /** Heartbeat interval of the workers, in milliseconds; one that misses three is replaced. Default 500. */
  heartbeatMilliseconds?: number;
  /** Maximum resident set size of a worker, in bytes; one that exceeds it is replaced. Default 2 GiB. */
  workerMemoryLimitBytes?: number;
  /** Maximum bitrate sent to a peer, in bits per second. Default 2,000,000. */
  downBudgetBps?: number;
  /** Maximum bitrate a peer may send, in bits per second; 0: unlimited. Default 2,000,000. */
  upBudgetBps?: number;
  /** Maximum egress bitrate of the node, in bits per second; 0: unlimited. Default 0. */
  linkBps?: number;
  /** Newcomers are refused while the room's worker uses more than this share of a core, 0 to 1; 0: off. Default 0.85. */
  cpuLimitShare?: number;
  /**
   * When the room's worker uses this share of a core, further peers of the room go to another worker of the host; 1: never. Default 0.65.
   */
  spillShare?: number;
  /** Newcomers are refused if a receiver's share of the guarded link would fall below this, in bits per second; 0: off. Default 250,000. */
  linkFloorBps?: number;
  /** Maximum number of microphones forwarded per room, the loudest; 0: all. Default 3. */
  audibleSpeakers?: number;
  /** Codecs of new rooms, preferred first. Default: opus, VP8, VP9, H264. */
  mediaCodecs?: readonly CodecName[];
  log: Logger;
}

/** The budgets and limits from the configuration. */
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
