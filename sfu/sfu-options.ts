import type { Logger } from 'pino';
import type { CodecName } from './codecs.ts';
import type { ListenAddress } from './types.ts';

export interface SfuOptions {
  /** Number of media workers (processes), at least 1. */
  workers: number;
  /** UDP and TCP port of the first worker; worker n uses rtcPort + n. 0: free ports. */
  rtcPort: number;
  /** Where clients reach the workers, see listenAddresses(). */
  listen: readonly ListenAddress[];
  /** The mediasoup worker program. Default: MEDIASOUP_WORKER_BIN, else mediasoup's own. */
  workerBin?: string;
  /** How often a worker must answer, in milliseconds; three misses end it. Default 500. */
  heartbeatMilliseconds?: number;
  /** A worker whose memory has grown beyond this, in bytes of resident set, is ended and replaced. Default 2 GiB. */
  workerMemoryLimitBytes?: number;
  /** What bandwidth estimation starts from on transports towards clients, in bits a second. Default 1,000,000. */
  initialOutgoingBitrateBps?: number;
  /** How many microphones of a room are forwarded, the loudest; 0: all. Default 3. */
  audibleSpeakers?: number;
  /** Codecs of new rooms, the preferred first. Default: all. */
  mediaCodecs?: readonly CodecName[];
  log: Logger;
}
