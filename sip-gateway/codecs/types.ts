/** Names as in SDP's `rtpmap` (RFC 3551, RFC 7587). */
export type CodecName = 'PCMU' | 'PCMA' | 'G722' | 'opus';

/**
 * One phone codec, both directions, mono. Encoder and decoder keep their state from packet to packet; use one object a stream.
 * Samples are 16-bit linear. What encode(), decode() and conceal() return is a view of the object's own memory: it holds until
 * the next call of any of them, so use or copy it first.
 *
 * Wrong frame sizes and malformed payloads throw a RangeError; the codec stays usable. After close() everything but close() throws.
 */
export interface Codec {
  readonly name: CodecName;
  /** Rate of the sample buffers, in Hz: 8000 for G.711, 16000 for G.722, as chosen for Opus. */
  readonly sampleRate: number;
  /** Rate of RTP timestamps, in Hz: 48000 for Opus, 8000 for the others, G.722 too (RFC 3551 §4.5.2). */
  readonly clockRate: number;
  /**
   * Encodes one packet's samples. G.711: 1 to 8192; G.722: an even number of 2 to 8192; Opus: exactly 2.5, 5, 10, 20, 40 or 60 ms.
   */
  encode(samples: Int16Array): Uint8Array;
  /** Decodes one payload. Opus: 2.5 to 120 ms; the others: up to 4096 bytes. */
  decode(payload: Uint8Array): Int16Array;
  /** Makes up for lost audio, `samples` long (Opus: rounded up to 2.5 ms); fades out when it goes on. At most 120 ms a call. */
  conceal(samples: number): Int16Array;
  /** Duration of a payload in ticks of `clockRate`, without decoding it. */
  durationTicks(payload: Uint8Array): number;
  /** Forgets the signal in both directions, as for a new stream; keeps the settings. */
  reset(): void;
  /** Frees the memory at once. Idempotent. */
  close(): void;
}

export type OpusBandwidth = 'narrowband' | 'mediumband' | 'wideband' | 'superwideband' | 'fullband';

/** Settings of an Opus encoder (RFC 6716 §2.1). What is left out stays as it is; defaults are libopus's unless given here. */
export interface OpusSettings {
  /** Bits per second, 6000 to 510000; `auto` follows the bandwidth. */
  bitrateBps?: number | 'auto';
  /** 0 (cheap) to 10 (good). Default 5: about 1.8 times as fast as 9. */
  complexity?: number;
  /** In-band forward error correction. Default false. */
  fec?: boolean;
  /** Send nearly nothing in silence. Default false. */
  dtx?: boolean;
  /** Loss that the encoder prepares for, in percent, 0 to 100. Default 0: then `fec` adds nothing. */
  expectedLossPercent?: number;
  /** Audio bandwidth to use always. Default `auto`. */
  bandwidth?: OpusBandwidth | 'auto';
  /** Widest audio bandwidth to use. Default `fullband`. */
  maxBandwidth?: OpusBandwidth;
  /** Variable bitrate. Default true. */
  vbr?: boolean;
  signal?: 'auto' | 'voice' | 'music';
}

/** Opus (RFC 6716, RFC 7587). encode() gives 2 bytes or less for silence under DTX: such a packet need not be sent. */
export interface OpusCodec extends Codec {
  readonly name: 'opus';
  configure(settings: OpusSettings): void;
  /** Whether a packet carries redundancy for the one before it. */
  hasFec(payload: Uint8Array): boolean;
  /**
   * Restores the `samples` lost just before `next` from its redundancy, and conceals where it carries none. Decode `next`
   * itself afterwards. `samples`: a multiple of 2.5 ms up to 120 ms.
   */
  decodeFec(next: Uint8Array, samples: number): Int16Array;
}

/** Changes the sample rate of one mono stream; its filter runs on across calls. */
export interface Resampler {
  readonly fromHz: number;
  readonly toHz: number;
  /** At most 48000 samples. The result is a view that holds until the next call. */
  process(samples: Int16Array): Int16Array;
  close(): void;
}

/** What this installation can do; `canopy doctor` shows it. */
export interface CodecCapabilities {
  /** `native`: the add-on over libopus, libspandsp and libspeexdsp. `portable`: libopus in WebAssembly, no G.722. */
  implementation: 'native' | 'portable';
  codecs: CodecName[];
  /** Version of libopus. */
  opusVersion: string;
  /** Why the add-on is not in use, and what to do about it. */
  reason?: string;
}
