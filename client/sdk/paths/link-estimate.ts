/** What measurements of a network path say about it. Pure functions. */
import { CAMERA_BITRATES_BPS } from '../profiles.ts';

/** Bytes received up to a time. */
export interface ByteSample {
  atMs: number;
  bytes: number;
}

/** How many videos of one size a link carries. Sizes as in the simulcast of a 720p camera. */
export interface VideoCounts {
  /** 180 lines. */
  small: number;
  /** 360 lines. */
  medium: number;
  /** 720 lines. */
  large: number;
}

/** IP, UDP, SRTP and RTP headers of typical packets, relative to their payload. */
const HEADER_SHARE = 0.06;
/** Three voices, headers included. */
const AUDIO_BPS = 150_000;
/** Maximum number of videos on a page of the gallery. */
const MAX_VIDEOS = 25;

/**
 * The rate at which bytes arrived, in bits per second, from the sample before the first ones to the sample with the last ones; undefined if
 * nothing arrived.
 */
export function arrivalRateBps(samples: readonly ByteSample[]): number | undefined {
  const [first] = samples;
  const final = samples.at(-1);
  if (!first || !final || final.bytes <= first.bytes) {
    return undefined;
  }
  const start = samples.findLast(({ bytes }) => bytes === first.bytes) ?? first;
  const end = samples.find(({ bytes }) => bytes === final.bytes) ?? final;
  return ((end.bytes - start.bytes) * 8 * 1000) / (end.atMs - start.atMs);
}

/** How many videos fit, next to the audio. */
export function videosIn(bitrateBps: number): VideoCounts {
  const count = (bps: number | undefined = 0) =>
    Math.max(
      0,
      Math.min(MAX_VIDEOS, Math.floor((bitrateBps - AUDIO_BPS) / (bps * (1 + HEADER_SHARE)) + 1e-9)),
    );
  const [small, medium, large] = CAMERA_BITRATES_BPS;
  return { small: count(small), medium: count(medium), large: count(large) };
}
