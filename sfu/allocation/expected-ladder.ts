import type { RtpParameters } from 'mediasoup/types';
import type { OperatingPoint, VideoSource } from '../allocator/index.ts';

/** Assumed if the sender's parameters do not say. */
const ASSUMED_HEIGHT_PX = { camera: 720, screen: 1080 } as const;
const ASSUMED_FRAMES_PER_SECOND = 30;
/** Typical size of a video packet. */
const TYPICAL_PACKET_BITS = 1100 * 8;
/** Cumulative share of a stream's bitrate up to each temporal layer, by number of layers. */
const TEMPORAL_SHARES: Readonly<Record<number, readonly number[]>> = {
  1: [1],
  2: [0.6, 1],
  3: [0.4, 0.6, 1],
};
/** Cumulative share of an SVC stream's bitrate up to each spatial layer, by number of layers. */
const SPATIAL_SHARES: Readonly<Record<number, readonly number[]>> = {
  1: [1],
  2: [0.3, 1],
  3: [0.1, 0.35, 1],
};
/** Screen content is mostly static, so its encoder rarely uses its maximum bitrate. */
const SCREEN_SHARE_OF_MAX = 0.4;

/** Typical bitrate of 16:9 video at 30 fps, in bits per second. */
function typicalBps(heightPx: number): number {
  return Math.round(1_200_000 * (heightPx / 720) ** 1.5);
}

export interface ExpectedLadder {
  /** Whether all spatial layers share one stream (SVC). */
  svc: boolean;
  /** K-SVC (`_KEY`): higher spatial layers depend on lower ones only at key frames, so receivers get no lower layers in between. */
  keyOnly: boolean;
  spatialLayers: number;
  temporalLayers: number;
  /** Ordered by spatial, then temporal layer, lowest first. */
  points: OperatingPoint[];
}

/** The operating points expected from a sender's parameters, before any measurement. All count as sent. */
export function expectedLadder(
  rtpParameters: Pick<RtpParameters, 'encodings'>,
  source: VideoSource,
): ExpectedLadder {
  const encodings = rtpParameters.encodings ?? [];
  const [, spatialText, temporalText, suffix] =
    /^[LS](\d)T(\d)(.*)$/.exec(encodings[0]?.scalabilityMode ?? '') ?? [];
  const svc = encodings.length < 2;
  const spatialLayers = svc ? Number(spatialText ?? 1) : encodings.length;
  const temporalLayers = Number(temporalText ?? 1);
  const steps = TEMPORAL_SHARES[temporalLayers] ?? [1];
  const points: OperatingPoint[] = [];
  for (let spatialLayer = 0; spatialLayer < spatialLayers; spatialLayer++) {
    const { heightPx, maxBps, maxFps } = svc
      ? svcLayer(encodings[0], source, spatialLayer, spatialLayers)
      : simulcastLayer(encodings[spatialLayer], source, spatialLayers - 1 - spatialLayer);
    const expectedBps = source === 'screen' ? maxBps * SCREEN_SHARE_OF_MAX : maxBps;
    for (const [temporalLayer, share] of steps.entries()) {
      const framesPerSecond = maxFps / 2 ** (steps.length - 1 - temporalLayer);
      const bitrateBps = Math.round(expectedBps * share);
      const packetsPerSecond = Math.max(framesPerSecond, bitrateBps / TYPICAL_PACKET_BITS);
      points.push({
        ...{ spatialLayer, temporalLayer, bitrateBps, packetsPerSecond },
        ...{ heightPx, framesPerSecond, sent: true },
      });
    }
  }
  return { svc, keyOnly: suffix?.startsWith('_KEY') ?? false, spatialLayers, temporalLayers, points };
}

interface LayerExpectation {
  heightPx: number;
  maxBps: number;
  maxFps: number;
}

/** Fields that browsers send but mediasoup's types lack (webrtc-pc, RTCRtpEncodingParameters). */
type Encoding = NonNullable<RtpParameters['encodings']>[number] & {
  scaleResolutionDownBy?: number;
  maxFramerate?: number;
};

/** @param above - how many encodings are higher */
function simulcastLayer(
  encoding: Encoding | undefined,
  source: VideoSource,
  above: number,
): LayerExpectation {
  const heightPx = Math.round(ASSUMED_HEIGHT_PX[source] / (encoding?.scaleResolutionDownBy ?? 2 ** above));
  return {
    heightPx,
    maxBps: encoding?.maxBitrate ?? typicalBps(heightPx),
    maxFps: encoding?.maxFramerate || ASSUMED_FRAMES_PER_SECOND,
  };
}

function svcLayer(
  encoding: Encoding | undefined,
  source: VideoSource,
  layer: number,
  layers: number,
): LayerExpectation {
  const whole = simulcastLayer(encoding, source, 0);
  return {
    ...whole,
    heightPx: Math.round(whole.heightPx / 2 ** (layers - 1 - layer)),
    maxBps: whole.maxBps * (SPATIAL_SHARES[layers]?.[layer] ?? 1),
  };
}
