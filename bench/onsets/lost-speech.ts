import { createDecoder } from 'libopus-wasm';
import type { Clip } from '../../client/node/index.ts';

const RATE = 48_000;
const FRAME_TICKS = 960;
/** What libopus looks ahead, in samples: a decoded sound is later by this. */
const LOOKAHEAD = 312;
/** Loudness is looked at in windows of 1 ms; speech has begun where one reaches half of what it will be. */
const WINDOW = 48;
const BEGUN_SHARE = 0.5;

/** A packet as a receiver got it. */
export interface HeardPacket {
  /** RTP timestamp. */
  timestamp: number;
  payload: Buffer;
}

/** Where speech begins in every round of a clip, in seconds, and how long it goes on. */
export interface KnownOnset {
  atSeconds: number;
  lengthSeconds: number;
}

/**
 * How much of the beginning of each round's speech a receiver misses, in milliseconds: its packets are decoded, laid out by their
 * timestamps, and compared with where the speech begins in the clip's sound. Only rounds between the first and the last packet count.
 */
export async function lostSpeech(
  clip: Clip,
  { atSeconds, lengthSeconds }: KnownOnset,
  packets: readonly HeardPacket[],
): Promise<number[]> {
  const roundSamples = clip.info.durationTicks;
  const placed = place(clip, packets);
  const last = placed.at(-1);
  if (!last) return [];
  const rounds = Math.floor(((last.frame + 1) * FRAME_TICKS) / roundSamples);
  const sound = await decode(placed, last.frame + 1);
  const onset = Math.round(atSeconds * RATE);
  const length = Math.round(lengthSeconds * RATE);
  const lost: number[] = [];
  for (let round = 1; round < rounds; round += 1) {
    const begin = round * roundSamples + onset;
    const level = loudness(sound, begin + length / 2, length / 4);
    let at = begin;
    while (at < begin + length && (level === 0 || loudness(sound, at, WINDOW) < BEGUN_SHARE * level))
      at += WINDOW;
    lost.push(((at - begin) * 1000) / RATE);
  }
  return lost;
}

/** What the whole clip would lose, by its encoder and DTX alone. */
export function everyPacket(clip: Clip, rounds: number): HeardPacket[] {
  return Array.from({ length: rounds }, (_, round) =>
    clip.frames.map(({ timestamp, data }) => ({
      timestamp: timestamp + round * clip.info.durationTicks,
      payload: data,
    })),
  ).flat();
}

/** Gives packets their places in the clip, counted in frames since the first round's start: the first is known by its content. */
function place(clip: Clip, packets: readonly HeardPacket[]): Array<{ frame: number; payload: Buffer }> {
  const first = packets.findIndex(
    ({ payload }) => clip.frames.filter(({ data }) => data.equals(payload)).length === 1,
  );
  const known = packets[first];
  if (!known) return [];
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
  for (let at = from; at < from + length; at += 1) sum += (sound[at] ?? 0) ** 2;
  return Math.sqrt(sum / length);
}
