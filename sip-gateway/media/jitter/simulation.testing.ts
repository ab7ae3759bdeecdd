import type { Codec } from '../../codecs/index.ts';
import { concat, sine } from '../../test-audio/index.ts';
import { SequenceUnwrapper } from '../rtp/index.ts';
import { Playout } from './playout.ts';

export interface Simulation {
  codec: Codec;
  seconds: number;
  /** Packet duration, in milliseconds. Default 20. */
  ptimeMs?: number;
  frequencyHz?: number;
  /** Amplitude of packet `i`. Default 8000. */
  amplitude?: (i: number) => number;
  minTargetMs?: number;
  /** How much faster the sender's clock is. Default 0. */
  driftPpm?: number;
  /** Offset of our ticks after the sender's packets, in milliseconds. Default 7. */
  phaseMs?: number;
  /** Delay of packet `i`, in milliseconds; null: it is lost. Default 0. */
  network?: (i: number) => number | null;
  firstSequence?: number;
  firstTimestamp?: number;
  /** Whether the sender talks in packet `i`. During silence no packets are sent, but timestamps advance. Default: always. */
  talks?: (i: number) => boolean;
}

export interface SimulationResult {
  playout: Playout;
  /** Receives further packets of the stream. */
  receive: (packet: NumberedPacket, nowMs: number) => void;
  heard: Int16Array;
  /** Target delay at the end, in milliseconds. */
  targetMs: number;
  /** Delay from a packet's arrival at minimum network delay to the tick that plays its first sample, at the end, in milliseconds. */
  delayMs: number;
}

export interface NumberedPacket {
  sequenceNumber: number;
  timestamp: number;
  payload: Uint8Array;
}

/** Passes packets to `playout` like a receiver: unwraps numbers, drops stray packets, detects restarts. */
export function receiver(playout: Playout): (packet: NumberedPacket, nowMs: number) => void {
  const sequences = new SequenceUnwrapper();
  return (packet, nowMs) => {
    const verdict = sequences.push(packet.sequenceNumber);
    if (verdict.kind === 'stray') {
      return;
    }
    if (verdict.kind === 'restart') {
      playout.restart();
    }
    playout.insert(packet, verdict.extended, nowMs);
  };
}

/** Plays a tone through a codec, a simulated network and playout, in simulated time. */
export function simulate(options: Simulation): SimulationResult {
  const { codec, seconds, ptimeMs = 20, frequencyHz = 440, driftPpm = 0, phaseMs = 7 } = options;
  const {
    network = () => 0,
    talks = () => true,
    firstSequence = 65_500,
    firstTimestamp = 0xffff_f000,
  } = options;
  const samples = (codec.sampleRate * ptimeMs) / 1000;
  const ticks = (codec.clockRate * ptimeMs) / 1000;
  const arrivals: Array<{ atMs: number; i: number; payload: Uint8Array; sequence: number }> = [];
  let sequence = firstSequence;
  // G.711 has no state, so packets with whole periods are identical.
  const same = !options.amplitude && codec.name.startsWith('PCM') && (frequencyHz * ptimeMs) % 1000 === 0;
  let payload = new Uint8Array();
  for (let i = 0; i * ptimeMs * (1 - driftPpm / 1e6) < seconds * 1000; i++) {
    if (i === 0 || !same) {
      const amplitude = options.amplitude?.(i);
      const tone = sine(samples, { frequencyHz, amplitude, sampleRate: codec.sampleRate, from: i * samples });
      payload = codec.encode(tone).slice();
    }
    if (!talks(i)) {
      continue;
    }
    const delay = network(i);
    sequence++;
    if (delay === null) {
      continue;
    }
    arrivals.push({ atMs: i * ptimeMs * (1 - driftPpm / 1e6) + delay, i, payload, sequence });
  }
  arrivals.sort((a, b) => a.atMs - b.atMs);
  const playout = new Playout({ codec, minTargetMs: options.minTargetMs });
  const receive = receiver(playout);
  const heard: Int16Array[] = [];
  let next = 0;
  let delayMs = 0;
  for (let now = phaseMs; now < seconds * 1000; now += 20) {
    for (let packet = arrivals[next]; packet && packet.atMs <= now; packet = arrivals[++next]) {
      const { payload, sequence } = packet;
      const timestamp = (firstTimestamp + packet.i * ticks) >>> 0;
      receive({ sequenceNumber: sequence & 0xffff, timestamp, payload }, packet.atMs);
    }
    heard.push(playout.read(now).slice());
    delayMs = playout.delayMs;
  }
  return { playout, receive, heard: concat(heard), targetMs: playout.jitter.targetMs, delayMs };
}

/** A deterministic source of numbers from 0 to 1. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
