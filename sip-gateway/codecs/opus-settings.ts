import type { OpusBandwidth, OpusSettings } from './types.ts';

const AUTO = -1000;

/** Requests of opus_encoder_ctl() (opus_defines.h). */
const REQUEST = {
  bitrateBps: 4002,
  maxBandwidth: 4004,
  vbr: 4006,
  bandwidth: 4008,
  complexity: 4010,
  fec: 4012,
  expectedLossPercent: 4014,
  dtx: 4016,
  signal: 4024,
} as const satisfies Record<keyof OpusSettings, number>;

const BANDWIDTH: Record<OpusBandwidth | 'auto', number> = {
  auto: AUTO,
  narrowband: 1101,
  mediumband: 1102,
  wideband: 1103,
  superwideband: 1104,
  fullband: 1105,
};
const SIGNAL = { auto: AUTO, voice: 3001, music: 3002 };

export const DEFAULT_SETTINGS: OpusSettings = { complexity: 5 };

/** Turns settings into encoder requests. @throws {RangeError} a setting is out of range; the message names it */
export function* encoderRequests(settings: OpusSettings): Generator<[request: number, value: number]> {
  const { bitrateBps, complexity, expectedLossPercent, bandwidth, maxBandwidth, signal } = settings;
  if (bitrateBps !== undefined) {
    yield [
      REQUEST.bitrateBps,
      bitrateBps === 'auto' ? AUTO : integer('bitrateBps', bitrateBps, 6_000, 510_000),
    ];
  }
  if (complexity !== undefined) {
    yield [REQUEST.complexity, integer('complexity', complexity, 0, 10)];
  }
  if (expectedLossPercent !== undefined) {
    yield [REQUEST.expectedLossPercent, integer('expectedLossPercent', expectedLossPercent, 0, 100)];
  }
  for (const name of ['fec', 'dtx', 'vbr'] as const) {
    if (settings[name] !== undefined) {
      yield [REQUEST[name], settings[name] ? 1 : 0];
    }
  }
  if (bandwidth !== undefined) {
    yield [REQUEST.bandwidth, entry('bandwidth', BANDWIDTH, bandwidth)];
  }
  if (maxBandwidth !== undefined) {
    yield [REQUEST.maxBandwidth, entry('maxBandwidth', BANDWIDTH, maxBandwidth)];
  }
  if (signal !== undefined) {
    yield [REQUEST.signal, entry('signal', SIGNAL, signal)];
  }
}

function integer(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) {
    return value;
  }
  throw new RangeError(`${name} must be an integer from ${min} to ${max}`);
}

function entry<K extends string>(name: string, table: Record<K, number>, key: K): number {
  const value = table[key];
  if (typeof value === 'number') {
    return value;
  }
  throw new RangeError(`${name} must be one of ${Object.keys(table).join(', ')}`);
}
