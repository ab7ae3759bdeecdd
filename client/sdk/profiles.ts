import type { types } from 'mediasoup-client';
import type { MediaSource } from '../../contract/index.ts';
import { CanopyError } from '../../contract/light.ts';

/** Video codecs that a publication may request. */
export type VideoCodec = 'vp8' | 'vp9' | 'h264' | 'av1';

export interface ProfileRequest {
  kind: 'audio' | 'video';
  source: MediaSource;
  /** Default `vp8`. */
  codec?: VideoCodec;
  /** Send several encodings (VP8, H264) or spatial layers (VP9). Default true for cameras, false for screens. */
  simulcast?: boolean;
  /** For screens: motion such as video or games, so smoothness matters more than sharpness. Default false. */
  motion?: boolean;
  /** Video size in pixels; small video needs fewer encodings. Default 1280 × 720. */
  height?: number;
  width?: number;
  /** The browser is Firefox. Default false. */
  firefox?: boolean;
}

export interface Profile {
  encodings: types.RtpEncodingParameters[] | undefined;
  codecOptions: types.ProducerCodecOptions;
}

/** Encodings of 720p at quarter, half and full size, in bits per second. */
const CAMERA_LADDER = [
  { scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { scaleResolutionDownBy: 1, maxBitrate: 1_200_000 },
];
/** Bitrates of a camera's simulcast encodings, smallest first, in bits per second. */
export const CAMERA_BITRATES_BPS = CAMERA_LADDER.map(({ maxBitrate }) => maxBitrate);
/** Bitrates of SVC up to each spatial layer, lowest first. */
const CAMERA_SVC_BITRATES_BPS = [150_000, 500_000, 1_500_000];
/** Screens favour sharp text over motion. The largest encoding plus audio fits into a receiver's 2 Mbit/s. */
const SCREEN_LADDER = [
  { scaleResolutionDownBy: 2, maxBitrate: 400_000 },
  { scaleResolutionDownBy: 1, maxBitrate: 1_600_000 },
];
/**
 * From this many macroblocks, Firefox sends a simulcast encoding only if the network carries 1.2 Mbit/s on top of the smaller encodings.
 * That is more than the ladder's total, so 720p would never start. For one row of macroblocks less, Firefox requires only 0.2 Mbit/s.
 */
const FIREFOX_LARGE_MACROBLOCKS = (1280 / 16) * (720 / 16);
const FIREFOX_SCALE_STEP = 0.005;
const SCREEN_FRAMES_PER_SECOND = { detail: 15, motion: 30 };
/** Start bitrate of video, instead of Chromium's 300 kbit/s. */
const START_BITRATE_KBPS = 1000;

/**
 * How to encode a track: simulcast for VP8 and H264, SVC for VP9, L1T3 for AV1 and VP9 screens, Opus with DTX and in-band FEC for speech.
 */
export function profileOf(request: ProfileRequest): Profile {
  const { kind, source, codec = 'vp8', simulcast, motion = false, firefox = false } = request;
  const { height = 720, width = (height * 16) / 9 } = request;
  if (kind === 'audio') {
    return source === 'screen-audio'
      ? { encodings: undefined, codecOptions: { opusStereo: true, opusFec: true, opusDtx: false } }
      : { encodings: undefined, codecOptions: { opusStereo: false, opusFec: true, opusDtx: true } };
  }
  const screen = source === 'screen';
  const several = simulcast ?? !screen;
  const largestScale = firefox && several ? firefoxScale(width, height) : 1;
  const encodings = videoEncodings(codec, screen, several, height).map((encoding) =>
    encoding.scaleResolutionDownBy === 1 ? { ...encoding, scaleResolutionDownBy: largestScale } : encoding,
  );
  const maxFramerate = SCREEN_FRAMES_PER_SECOND[motion ? 'motion' : 'detail'];
  return {
    encodings: screen ? encodings.map((encoding) => ({ ...encoding, maxFramerate })) : encodings,
    codecOptions: { videoGoogleStartBitrate: START_BITRATE_KBPS },
  };
}

function videoEncodings(
  codec: VideoCodec,
  screen: boolean,
  several: boolean,
  height: number,
): types.RtpEncodingParameters[] {
  if (codec === 'vp9' || codec === 'av1') {
    const maxBitrate = screen ? SCREEN_LADDER.at(-1)?.maxBitrate : CAMERA_SVC_BITRATES_BPS.at(-1);
    // L3T3_KEY does not suit screens: a late spatial layer would blur the text.
    return [
      {
        ...(maxBitrate && { maxBitrate }),
        scalabilityMode: several && !screen && codec === 'vp9' ? 'L3T3_KEY' : 'L1T3',
      },
    ];
  }
  const ladder = screen ? SCREEN_LADDER : CAMERA_LADDER;
  // Encodings below 135 lines are of no use to anyone.
  const usable = ladder.filter(({ scaleResolutionDownBy }) => height / scaleResolutionDownBy >= 135);
  const chosen = several && usable.length > 0 ? usable : ladder.slice(-1);
  return chosen.map((encoding) => ({ ...encoding, scalabilityMode: 'L1T3' }));
}

/** The scaleResolutionDownBy at which Firefox starts the largest encoding on ordinary networks. */
function firefoxScale(width: number, height: number): number {
  const blocks = (pixels: number, scale: number): number => Math.ceil(Math.floor(pixels / scale) / 16);
  let scale = 1;
  while (blocks(width, scale) * blocks(height, scale) >= FIREFOX_LARGE_MACROBLOCKS) {
    scale += FIREFOX_SCALE_STEP;
  }
  return Math.round(scale * 1000) / 1000;
}

/**
 * The codec to send when `codec` is requested. Firefox sends VP9 without layers, so everyone would get it in full: it sends VP8 instead.
 */
export function sentCodec(codec: VideoCodec | undefined, firefox: boolean): VideoCodec | undefined {
  return firefox && codec === 'vp9' ? 'vp8' : codec;
}

/** The changes to an SVC encoding that drop the spatial layers above `top`; none without SVC. The lower layers keep their size. */
export function svcEncoding(
  encoding: types.RtpEncodingParameters,
  top: number,
): Pick<types.RtpEncodingParameters, 'scalabilityMode' | 'scaleResolutionDownBy' | 'maxBitrate'> {
  const [, spatial, temporal] = /^L(\d)T(\d)_KEY$/.exec(encoding.scalabilityMode ?? '') ?? [];
  if (!spatial) {
    return {};
  }
  const dropped = Math.max(0, Number(spatial) - 1 - top);
  const layers = Number(spatial) - dropped;
  const rate = CAMERA_SVC_BITRATES_BPS[layers - 1];
  return {
    scalabilityMode: layers === 1 ? `L1T${temporal}` : `L${layers}T${temporal}_KEY`,
    // Otherwise the encoder would spread the remaining layers over the full size.
    scaleResolutionDownBy: 2 ** dropped,
    ...(rate !== undefined && { maxBitrate: rate }),
  };
}

/** Finds the requested codec. @throws {CanopyError} CODEC_UNSUPPORTED - the device or the room lacks it */
export function chooseCodec(
  capabilities: types.RtpCapabilities,
  kind: 'audio' | 'video',
  codec: VideoCodec = 'vp8',
): types.RtpCodecCapability {
  const mimeType = kind === 'audio' ? 'audio/opus' : `video/${codec}`;
  const found = capabilities.codecs?.find((each) => each.mimeType.toLowerCase() === mimeType);
  if (!found) {
    throw new CanopyError('CODEC_UNSUPPORTED', mimeType);
  }
  return found;
}
