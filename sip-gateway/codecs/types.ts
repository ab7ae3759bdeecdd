/**
 * Names as in SDP's `rtpmap` (RFC 3551, RFC 7587, RFC 5574, RFC 4867). The clock rate tells apart the three codecs named speex, and the
 * payload format the two named AMR-WB.
 */
export type CodecName = 'PCMU' | 'PCMA' | 'G722' | 'GSM' | 'opus' | SpeexName | AmrWbName;
/** Bandwidth-efficient, and octet-aligned. */
export type AmrWbName = 'AMR-WB' | 'AMR-WB/octet-align';
export type SpeexName = 'speex/8000' | 'speex/16000' | 'speex/32000';

/**
 * Mono encoder and decoder of one codec. Both keep state between packets; use one object per stream. Samples are 16-bit linear. The results
 * of encode(), decode() and conceal() are views of internal memory, valid until the next call of any of them.
 *
 * Wrong frame sizes and malformed payloads throw a RangeError, and the codec stays usable. After close(), all methods except close() throw.
 */
export interface Codec {
  readonly name: CodecName;
  /** Rate of the sample buffers, in Hz: 8000 for G.711 and GSM, 16000 for G.722, the chosen one for Opus, that of the name for Speex. */
  readonly sampleRate: number;
  /** Rate of RTP timestamps, in Hz: 48000 for Opus, the sample rate for Speex, 8000 for the others, including G.722 (RFC 3551 §4.5.2). */
  readonly clockRate: number;
  /**
   * Encodes one packet's samples. G.711: 1 to 8192; G.722: an even number of 2 to 8192; Opus: exactly 2.5, 5, 10, 20, 40 or 60 ms;
   * GSM, Speex and AMR-WB: a multiple of 20 ms, up to 120 ms.
   */
  encode(samples: Int16Array): Uint8Array;
  /** Decodes one payload. Opus: 2.5 to 120 ms; GSM, Speex and AMR-WB: 20 to 120 ms; the others: up to 4096 bytes. */
  decode(payload: Uint8Array): Int16Array;
  /** Conceals lost audio, `samples` long (Opus: rounded up to 2.5 ms), at most 120 ms per call. Fades out if called repeatedly. */
  conceal(samples: number): Int16Array;
  /** Duration of a payload in ticks of `clockRate`, without decoding it. */
  durationTicks(payload: Uint8Array): number;
  /** AMR-WB: the mode that the newest decoded payload asks for (CMR); undefined: none. */
  readonly requestedMode?: number | undefined;
  /** AMR-WB: encodes in this mode, or the next lower one that may be used. */
  requestMode?(mode: number): void;
  /** Resets the state of both directions, for a new stream; keeps the settings. */
  reset(): void;
  /** Releases the memory at once. Idempotent. */
  close(): void;
}

export type OpusBandwidth = 'narrowband' | 'mediumband' | 'wideband' | 'superwideband' | 'fullband';

/** Settings of an Opus encoder (RFC 6716 §2.1). Omitted ones stay unchanged. Defaults are those of libopus unless given here. */
export interface OpusSettings {
  /** Bits per second, 6000 to 510000; `auto` follows the bandwidth. */
  bitrateBps?: number | 'auto';
  /** 0 (cheap) to 10 (good). Default 5: about 1.8 times as fast as 9. */
  complexity?: number;
  /** In-band forward error correction. Default false. */
  fec?: boolean;
  /** Discontinuous transmission: sends almost nothing during silence. Default false. */
  dtx?: boolean;
  /** Packet loss that the encoder prepares for, in percent, 0 to 100. Default 0: `fec` has no effect. */
  expectedLossPercent?: number;
  /** Fixed audio bandwidth. Default `auto`. */
  bandwidth?: OpusBandwidth | 'auto';
  /** Maximum audio bandwidth. Default `fullband`. */
  maxBandwidth?: OpusBandwidth;
  /** Variable bitrate. Default true. */
  vbr?: boolean;
  signal?: 'auto' | 'voice' | 'music';
}

/** Opus (RFC 6716, RFC 7587). With DTX, encode() returns at most 2 bytes for silence: such packets need not be sent. */
export interface OpusCodec extends Codec {
  readonly name: 'opus';
  configure(settings: OpusSettings): void;
  /** Whether a packet carries redundancy for the one before it. */
  hasFec(payload: Uint8Array): boolean;
  /**
   * Restores the `samples` lost just before `next` from its redundancy, or conceals them if it carries none. Decode `next` itself
   * afterwards. `samples`: a multiple of 2.5 ms, at most 120 ms.
   */
  decodeFec(next: Uint8Array, samples: number): Int16Array;
}

/** What a phone lets us send (RFC 4867 §8.2). */
export interface AmrWbSettings {
  /** Modes, 0 to 8. Default: all. We begin with the highest. */
  modes?: readonly number[];
  /** Frames between changes of the mode. Default 1. */
  changePeriod?: number;
  /** Whether the mode changes only to the next one of `modes`. Default false. */
  toNeighbours?: boolean;
}

/** Changes the sample rate of one mono stream. Keeps filter state between calls. */
export interface Resampler {
  readonly fromHz: number;
  readonly toHz: number;
  /** Resamples at most 48000 samples. The result is valid until the next call. */
  process(samples: Int16Array): Int16Array;
  close(): void;
}

/** The codecs of this installation; `canopy doctor` shows them. */
export interface CodecCapabilities {
  /**
   * `native`: the add-on over libopus, libspandsp, libspeexdsp and, if it was built with them, libgsm, libspeex and the
   * libraries of AMR-WB. `portable`: libopus in
   * WebAssembly and G.711.
   */
  implementation: 'native' | 'portable';
  codecs: CodecName[];
  /** Version of libopus. */
  opusVersion: string;
  /** What is missing, why, and how to add it. */
  reason?: string;
}
