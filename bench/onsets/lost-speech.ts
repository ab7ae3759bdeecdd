import { createDecoder } from 'libopus-wasm';
import type { Clip } from '../../client/node/index.ts';

const RATE = 48_000;
const FRAME_TICKS = 960;
/** libopus's look-ahead, in samples: decoded sound is later by this. */
const LOOKAHEAD = 312;
/** Loudness is measured in windows of 1 ms; speech has begun once a window reaches half of the later level. */
const WINDOW = 48;
const BEGUN_SHARE = 0.5;

/** A packet as received. */
export interface HeardPacket {
  /** RTP timestamp. */
  timestamp: number;
  payload: Buffer;
}

/** When speech begins in each round of a clip, and how long it lasts, in seconds. */
export interface KnownOnset {
  atSeconds: number;
  lengthSeconds: number;
}

/**
 * How much of the start of each round's speech a receiver misses, in milliseconds. The received packets are decoded, placed by their
 * timestamps, and compared with where speech begins in the clip. Only rounds between the first and the last packet count.
 */
export async function lostSpeech(
  clip: Clip,
  { atSeconds, lengthSeconds }: KnownOnset,
  packets: readonly HeardPacket[],
): Promise<number[]> {
  const roundSamples = clip.info.durationTicks;
  const placed = place(clip, packets);
  const last = placed.at(-1);
  if (!last) {
    return [];
  }
  const rounds = Math.floor(((last.frame + 1) * FRAME_TICKS) / roundSamples);
  const sound = await decode(placed, last.frame + 1);
  const onset = Math.round(atSeconds * RATE);
  const length = Math.round(lengthSeconds * RATE);
  const lost: number[] = [];
  for (let round = 1; round < rounds; round += 1) {
    const begin = round * roundSamples + onset;
    const level = loudness(sound, begin + length / 2, length / 4);
    let at = begin;
    while (at < begin + length && (level === 0 || loudness(sound, at, WINDOW) < BEGUN_SHARE * level)) {
      at += WINDOW;
    }
    lost.push(((at - begin) * 1000) / RATE);
  }
  return lost;
}

/** How much of the clip is lost by the encoder and DTX alone. */
export function everyPacket(clip: Clip, rounds: number): HeardPacket[] {
  return Array.from({ length: rounds }, (_, round) =>
    clip.frames.map(({ timestamp, data }) => ({
      timestamp: timestamp + round * clip.info.durationTicks,
      payload: data,
    })),
  ).flat();
}

/** Finds the packets' positions in the clip, in frames since the start of the first round; the first is located by its content. */
function place(clip: Clip, packets: readonly HeardPacket[]): Array<{ frame: number; payload: Buffer }> {
  const first = packets.findIndex(
    ({ payload }) => clip.frames.filter(({ data }) => data.equals(payload)).length === 1,
  );
  const known = packets[first];
  if (!known) {
    return [];
  }
  const origin = clip.frames.find(({ data }) => data.equals(known.payload))?.timestamp ?? 0;
  return packets.slice(first).map(({ timestamp, payload }) => ({
    frame: Math.round((origin + ((timestamp - known.timestamp) | 0)) / FRAME_TICKS),
    payload,
  }));
}

async function decode(
  placed: ReadonlyArray<{ frame: number; payload: Buffer }>,
  frames: number,
): Promise<Int16Array> {
  const decoder = await createDecoder({ channels: 1, sampleRate: RATE, maxFrameSize: FRAME_TICKS });
  const sound = new Int16Array((frames + 1) * FRAME_TICKS);
  for (const { frame, payload } of placed) {
    const decoded = decoder.decode(payload);
    const start = frame * FRAME_TICKS - LOOKAHEAD;
    sound.set(decoded.subarray(Math.max(0, -start)), Math.max(0, start));
  }
  decoder.free();
  return sound;
}

/** Root mean square. */
function loudness(sound: Int16Array, from: number, length: number): number {
  let sum = 0;
  for (let at = from; at < from + length; at += 1) {
    sum += (sound[at] ?? 0) ** 2;
  }
  return Math.sqrt(sum / length);
}
