import { locate } from './build.mjs';
import { loadNative, type NativeBinding } from './native-binding.ts';

export interface SrtpOptions {
  /** File of the built add-on. Default: the output of build.mjs. */
  path?: string;
  /** `portable` does without the add-on, and so without SRTP. Default `native`. */
  prefer?: 'native' | 'portable';
}

export interface SrtpContextOptions {
  /** Whether it protects packets to send. Otherwise it unprotects received ones. */
  sending: boolean;
  /** One of `suites`. */
  suite: string;
  /** Master key, followed by the master salt. */
  key: Uint8Array;
  /** Master key identifier that each packet carries. Default: none. */
  mki?: Uint8Array;
  /** Size of the replay window in packets, 64 to 32,767. Default 128. */
  window?: number;
}

/** The counters of a context. Plain data. */
export interface SrtpState {
  /** Number of RTCP packets sent. */
  rtcpSent: number;
  streams: Array<{ ssrc: number; roc: number }>;
}

/** Why a received packet is dropped: it is not authentic, it is old, or its sender has started too many streams with one key. */
export type SrtpDrop = 'forged' | 'replayed' | 'refused';

const DROPS: Readonly<Record<string, SrtpDrop>> = { '-2': 'replayed', '-3': 'refused' };
const DEFAULT_WINDOW = 128;
/** Maximum number of bytes that SRTP adds to a packet that we send: an authentication tag and, in RTCP, the index. */
const MAX_TRAILER_BYTES = 24;
const NO_BYTES = new Uint8Array(0);

/**
 * SRTP and SRTCP. A context belongs to the process, not to the thread that opened it: a call that continues in another thread keeps its
 * rollover counter, its RTCP index and its replay window. A context must be used by one thread at a time.
 */
export class Srtp {
  /** Suites in the notation of RFC 4568, the best ones first. Empty without libsrtp. */
  readonly suites: readonly string[];
  /** Why there are none. */
  readonly reason: string | undefined;
  readonly #binding: NativeBinding | undefined;

  private constructor(binding: NativeBinding | undefined, reason?: string) {
    this.#binding = binding;
    this.reason = reason;
    this.suites = binding?.suites.filter((name) => name !== null) ?? [];
  }

  /** Loads the add-on. Never throws. */
  static load({ path, prefer }: SrtpOptions = {}): Srtp {
    if (prefer === 'portable') {
      return new Srtp(undefined, 'The portable media was requested.');
    }
    const file = path ?? locate();
    if (!file) {
      return new Srtp(
        undefined,
        "The add-on for phones' encryption is not built; run node sip-gateway/media/srtp/build.mjs, which says what it needs.",
      );
    }
    try {
      return new Srtp(loadNative(file));
    } catch (error) {
      const why = error instanceof Error ? error.message : error;
      return new Srtp(undefined, `The add-on for phones' encryption at ${file} does not load: ${why}`);
    }
  }

  /** Opens a context and returns its id. The caller closes it. @throws {RangeError} an unknown suite, a wrong key, or too many contexts */
  open({ sending, suite, key, mki = NO_BYTES, window = DEFAULT_WINDOW }: SrtpContextOptions): number {
    const index = this.#native.suites.indexOf(suite);
    if (index < 0) {
      throw new RangeError(`unknown suite ${suite}`);
    }
    return this.#native.open(index, sending, key, mki, window);
  }

  state(context: number): SrtpState {
    const [rtcpSent = 0, ...values] = this.#native.state(context);
    const streams: SrtpState['streams'] = [];
    for (let at = 0; at + 1 < values.length; at += 2) {
      streams.push({ ssrc: values[at] as number, roc: values[at + 1] as number });
    }
    return { rtcpSent, streams };
  }

  /** Opens a context that continues an earlier one with the same key, from these counters on. @throws {RangeError} as open() does */
  resume(options: SrtpContextOptions, { rtcpSent, streams }: SrtpState): number {
    const context = this.open(options);
    // A stream exists from its first packet on. Of a receiver, that must be an authentic one.
    const sender = options.sending ? context : this.open({ ...options, sending: true });
    for (const { ssrc, roc } of streams) {
      const packet = this.protect(sender, emptyReport(ssrc), true);
      if (packet && !options.sending) {
        this.unprotect(context, packet, true);
      }
      this.#native.advance(context, ssrc, roc);
    }
    const [first] = streams;
    if (sender !== context) {
      this.close(sender);
    } else if (first) {
      for (let sent = streams.length; sent < rtcpSent; sent++) {
        this.protect(context, emptyReport(first.ssrc), true);
      }
    }
    return context;
  }

  /** Idempotent. */
  close(context: number): void {
    this.#native.close(context);
  }

  /** Protects a packet; undefined if it must not be sent. */
  protect(context: number, packet: Uint8Array, isRtcp: boolean): Uint8Array | undefined {
    const out = new Uint8Array(packet.length + MAX_TRAILER_BYTES);
    const length = this.#native.transform(context, packet, out, isRtcp);
    return length > 0 ? out.subarray(0, length) : undefined;
  }

  /** Unprotects a packet in place, or tells why it is dropped. */
  unprotect(context: number, packet: Uint8Array, isRtcp: boolean): Uint8Array | SrtpDrop {
    const length = this.#native.transform(context, packet, packet, isRtcp);
    return length > 0 ? packet.subarray(0, length) : (DROPS[length] ?? 'forged');
  }

  get #native(): NativeBinding {
    if (!this.#binding) {
      throw new RangeError(this.reason);
    }
    return this.#binding;
  }
}

/** An RTCP receiver report without blocks. It is never sent. */
function emptyReport(ssrc: number): Uint8Array {
  const packet = Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 0]);
  packet.writeUInt32BE(ssrc, 4);
  return packet;
}
