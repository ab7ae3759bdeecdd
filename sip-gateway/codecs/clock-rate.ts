import type { CodecName } from './types.ts';

const CLOCK_RATES_HZ: Readonly<Record<CodecName, number>> = {
  PCMU: 8_000,
  PCMA: 8_000,
  G722: 8_000,
  GSM: 8_000,
  'speex/8000': 8_000,
  'speex/16000': 16_000,
  'speex/32000': 32_000,
  'AMR-WB': 16_000,
  'AMR-WB/octet-align': 16_000,
  opus: 48_000,
};

/** Rate of a codec's RTP timestamps, in Hz (RFC 3551 §4.5, RFC 4867 §8.1, RFC 5574 §3, RFC 7587 §4.1). */
export function clockRateOf(name: CodecName): number {
  return CLOCK_RATES_HZ[name];
}
