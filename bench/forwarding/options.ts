import type { ClipCodec } from '../../client/node/index.ts';
import type { ClipName } from '../clips/index.ts';

export type ForwardedCodec = ClipCodec;

export interface ForwardingOptions {
  /** The worker to measure. Default: MEDIASOUP_WORKER_BIN, else mediasoup's own. */
  worker?: string | undefined;
  /** Another worker, measured in alternation with it. */
  against?: string | undefined;
  /** libwebrtc field trials for the workers. */
  fieldTrials: string;
  /** Default 1, or 8 with Opus. */
  publishers?: number | undefined;
  /** Each receives all publishers. Default 60, or 25 with Opus. */
  receivers?: number | undefined;
  /** Default VP8, 720p. */
  codec?: string | undefined;
  /** Mean bitrate of each publisher's video, in kbit/s. Default 2000. */
  kbps?: number | undefined;
  /** Whether the receivers negotiate transport-cc, so that the worker estimates each one's bandwidth. Default true. */
  estimation?: boolean | undefined;
  /** How long each worker is measured, in seconds. Default 40. */
  seconds?: number | undefined;
  /** Where the report goes. Default `bench-results`. */
  outDir?: string | undefined;
}

/** What is sent to whom. */
export interface Traffic {
  codec: ForwardedCodec;
  publishers: number;
  receivers: number;
  kbps: number;
  estimation: boolean;
}

export const CLIPS: Readonly<Record<ForwardedCodec, ClipName>> = {
  vp8: 'vp8-720p',
  vp9: 'vp9-svc',
  h264: 'h264-720p',
  opus: 'speech-english',
};

/** @throws {TypeError} an unknown codec, or a number out of range */
export function trafficOf(options: ForwardingOptions): Traffic {
  const { codec = 'vp8', estimation = true, kbps = 2000 } = options;
  if (!Object.hasOwn(CLIPS, codec)) {
    throw new TypeError(`--codec must be one of ${Object.keys(CLIPS).join(', ')}`);
  }
  const audio = codec === 'opus';
  const { publishers = audio ? 8 : 1, receivers = audio ? 25 : 60 } = options;
  for (const [flag, value] of Object.entries({ publishers, receivers, kbps })) {
    if (!(value >= 1)) {
      throw new TypeError(`--${flag} must be at least 1`);
    }
  }
  return { codec: codec as ForwardedCodec, publishers, receivers, kbps, estimation };
}
