import type { AudioLevel } from '../rtp/index.ts';

const SILENCE_DBOV = 127;
/** Frames louder than this count as voice. Gain control has raised speech well above it. */
const VOICE_DBOV = 50;

/** Level of a frame for the RTP header extension (RFC 6464 §3): RMS relative to overload, computed as in RFC 6465 §4. */
export function audioLevel(samples: Int16Array): AudioLevel {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) {
    sum += (samples[i] as number) ** 2;
  }
  const rms = Math.sqrt(sum / Math.max(1, samples.length)) / 32_768;
  const levelDbov =
    rms > 0 ? Math.min(SILENCE_DBOV, Math.max(0, Math.round(-20 * Math.log10(rms)))) : SILENCE_DBOV;
  return { levelDbov, voice: levelDbov < VOICE_DBOV };
}
