import type { CodecName } from '../../codecs/index.ts';

/**
 * Equipment impairment and packet-loss robustness (ITU-T G.113, appendix I). It has no Opus, Speex and AMR-WB: Opus as measured against G.711, the
 * others like codecs of its kind and bitrate.
 */
const IMPAIRMENT: Record<CodecName, { ie: number; bpl: number }> = {
  PCMU: { ie: 0, bpl: 25.1 },
  PCMA: { ie: 0, bpl: 25.1 },
  G722: { ie: 0, bpl: 14 },
  GSM: { ie: 20, bpl: 10 },
  opus: { ie: 0, bpl: 27 },
  'speex/8000': { ie: 11, bpl: 15 },
  'speex/16000': { ie: 0, bpl: 15 },
  'speex/32000': { ie: 0, bpl: 15 },
  'AMR-WB': { ie: 0, bpl: 13 },
  'AMR-WB/octet-align': { ie: 0, bpl: 13 },
};

export interface CallQuality {
  codec: CodecName;
  /** Share of packets lost or too late, 0 to 1. */
  lossFraction: number;
  /** Known part of the mouth-to-ear delay: half the round trip, jitter buffer and packet duration. In milliseconds. */
  delayMs: number;
}

/** Mean opinion score, 1 to 4.5, by the E-model (ITU-T G.107) from delay and loss, with defaults for everything else. */
export function estimateMos({ codec, lossFraction, delayMs }: CallQuality): number {
  const { ie, bpl } = IMPAIRMENT[codec];
  const lossPercent = 100 * Math.min(1, Math.max(0, lossFraction));
  const delayImpairment = 0.024 * delayMs + (delayMs > 177.3 ? 0.11 * (delayMs - 177.3) : 0);
  const lossImpairment = ie + (95 - ie) * (lossPercent / (lossPercent + bpl));
  const r = Math.max(0, Math.min(93.2, 93.2 - delayImpairment - lossImpairment));
  return Math.max(1, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6);
}
