import type { MediaDescription } from 'sdp-transform';

export type CodecName =
  | 'opus'
  | 'G722'
  | 'PCMU'
  | 'PCMA'
  | 'GSM'
  | 'speex/8000'
  | 'speex/16000'
  | 'speex/32000'
  | 'AMR-WB'
  | 'AMR-WB/octet-align';

const WAVEFORM_PTIMES = [10, 20, 30, 40, 50, 60];
/** Those of codecs whose frames have 20 ms. */
const FRAME_PTIMES = [20, 40, 60];

/** A codec in SDP. */
interface CodecEntry {
  readonly name: CodecName;
  /** Its name in `rtpmap`. */
  readonly encoding: string;
  /** RTP clock rate in SDP, in Hz. For G.722 it is 8,000 although its sample rate is 16,000 (RFC 3551 §4.5.2). */
  readonly clockRate: number;
  /** Channels in SDP. For Opus always 2 (RFC 7587 §7). */
  readonly channels: number;
  /** Payload type in our offers: the static one, or a dynamic one of our choice. */
  readonly payloadType: number;
  /** Durations of the packets that we can send, in milliseconds, ascending. */
  readonly ptimesMs: readonly number[];
  /** Format parameters in our offers and answers. */
  readonly fmtp?: string;
  /** Whether a format with these parameters is this codec. Default: always. */
  readonly matches?: (fmtp: string | undefined) => boolean;
  /** Its parameters in an answer to an offer with these. Default: `fmtp`. */
  readonly answer?: (offered: string | undefined) => string | undefined;
}

/** AMR-WB (RFC 4867) without options that change the payload and that we do not have. */
function amrWb(name: CodecName, payloadType: number, isAligned: boolean): CodecEntry {
  const aligned = isAligned ? 'octet-align=1' : undefined;
  return {
    name,
    encoding: 'AMR-WB',
    clockRate: 16_000,
    channels: 1,
    payloadType,
    ptimesMs: FRAME_PTIMES,
    ...(aligned !== undefined && { fmtp: aligned }),
    matches: (fmtp = '') =>
      /(?:^|[;\s])octet-align=1/.test(fmtp) === isAligned &&
      !/(?:^|[;\s])(?:crc=1|robust-sorting=1|interleaving=)/.test(fmtp),
    // The modes must be the same in both directions (§8.3.1).
    answer: (offered = '') => {
      const modes = /(?:^|[;\s])(mode-set=[0-8](?:,[0-8]){0,8})(?![0-9,])/.exec(offered)?.[1];
      return [aligned, modes].filter((part) => part !== undefined).join('; ') || undefined;
    },
  };
}

const CODECS: readonly CodecEntry[] = [
  {
    name: 'opus',
    encoding: 'opus',
    clockRate: 48_000,
    channels: 2,
    payloadType: 111,
    ptimesMs: [10, 20, 40, 60],
    // By default there is no DTX and no stereo (RFC 7587 §7.1).
    fmtp: 'useinbandfec=1',
  },
  ...(
    [
      ['G722', 9],
      ['PCMU', 0],
      ['PCMA', 8],
    ] as const
  ).map(([name, payloadType]) => ({
    name,
    encoding: name,
    clockRate: 8000,
    channels: 1,
    payloadType,
    ptimesMs: WAVEFORM_PTIMES,
  })),
  { name: 'GSM', encoding: 'GSM', clockRate: 8000, channels: 1, payloadType: 3, ptimesMs: FRAME_PTIMES },
  {
    name: 'speex/8000',
    encoding: 'speex',
    clockRate: 8000,
    channels: 1,
    payloadType: 97,
    ptimesMs: FRAME_PTIMES,
    // Without it, the peer would send mode 3, i.e. 8 kbit/s (RFC 5574 §4.1.1).
    fmtp: 'mode="5,any"',
  },
  {
    name: 'speex/16000',
    encoding: 'speex',
    clockRate: 16_000,
    channels: 1,
    payloadType: 98,
    ptimesMs: FRAME_PTIMES,
  },
  {
    name: 'speex/32000',
    encoding: 'speex',
    clockRate: 32_000,
    channels: 1,
    payloadType: 99,
    ptimesMs: FRAME_PTIMES,
  },
  amrWb('AMR-WB', 105, false),
  amrWb('AMR-WB/octet-align', 106, true),
];

/** Corrects wrong clock rates: some phones state the sample rate of G.722. */
const CORRECT_RATES: Readonly<Record<string, number>> = { 'g722/16000': 8000 };

/** Supported clock rates of telephone-event and comfort noise, in Hz. */
const COMPANION_RATES: ReadonlySet<number> = new Set([8000, 16_000, 32_000, 48_000]);

/** Payload type of telephone-event (RFC 4733) in our offers, by clock rate. */
const EVENT_PAYLOAD_TYPES: Readonly<Record<number, number>> = {
  8000: 101,
  48000: 102,
  16000: 103,
  32000: 104,
};

export function codecEntry(name: CodecName): CodecEntry {
  const entry = CODECS.find((codec) => codec.name === name);
  if (!entry) {
    throw new RangeError(`unknown codec ${name}`);
  }
  return entry;
}

/** Format parameters of a codec in an answer to an offer of it with `offered`. */
export function answerFmtp(name: CodecName, offered: string | undefined): string | undefined {
  const { answer, fmtp } = codecEntry(name);
  return answer ? answer(offered) : fmtp;
}

/** The name of a format in `rtpmap`. */
export function encodingOf(kind: Format['kind']): string {
  return kind === 'telephone-event' || kind === 'CN' ? kind : codecEntry(kind).encoding;
}

/** Payload type of telephone-event in our offers, for a clock rate in Hz. */
export function eventPayloadType(clockRate: number): number {
  return EVENT_PAYLOAD_TYPES[clockRate] ?? 101;
}

/** Comfort noise with its static payload type (RFC 3389 §4), for codecs with an 8 kHz clock. */
const COMFORT_NOISE = { encoding: 'CN', clockRate: 8000, payloadType: 13 };

/** Formats that accompany a codec at its clock rate, by their names in lower case. */
const COMPANIONS: Readonly<Record<string, 'telephone-event' | 'CN'>> = {
  'telephone-event': 'telephone-event',
  cn: 'CN',
};

/** A supported format of an audio line. */
export interface Format {
  readonly kind: CodecName | 'telephone-event' | 'CN';
  readonly payloadType: number;
  readonly clockRate: number;
  readonly fmtp: string | undefined;
}

/** The supported formats of an audio line, in its order. Static payload types need no rtpmap (RFC 3551 §6). */
export function knownFormats(media: MediaDescription): Format[] {
  const formats: Format[] = [];
  // The parser turns numeric text into numbers, e.g. a single payload type, or a codec named 722.
  for (const text of String(media.payloads ?? '').split(' ')) {
    if (!/^[0-9]{1,3}$/.test(text) || Number(text) > 127) {
      continue;
    }
    const payloadType = Number(text);
    const map = media.rtp.find((entry) => entry.payload === payloadType);
    const fixed = [...CODECS, COMFORT_NOISE].find(
      (format) => format.payloadType === payloadType && payloadType < 96,
    );
    const name = String(map?.codec ?? fixed?.encoding ?? '').toLowerCase();
    const stated = map?.rate ?? fixed?.clockRate ?? 0;
    const clockRate = CORRECT_RATES[`${name}/${stated}`] ?? stated;
    const config = media.fmtp.find((entry) => entry.payload === payloadType)?.config;
    const fmtp = config === undefined ? undefined : String(config);
    const companion = Object.hasOwn(COMPANIONS, name) ? COMPANIONS[name] : undefined;
    if (companion && COMPANION_RATES.has(clockRate)) {
      formats.push({ kind: companion, payloadType, clockRate, fmtp });
    }
    const codec = CODECS.find(
      (entry) =>
        entry.encoding.toLowerCase() === name &&
        entry.clockRate === clockRate &&
        (entry.matches?.(fmtp) ?? true),
    );
    const channels = Number(map?.encoding ?? 1);
    if (codec && (codec.channels === channels || (codec.name === 'opus' && map?.encoding === undefined))) {
      formats.push({ kind: codec.name, payloadType, clockRate, fmtp });
    }
  }
  return formats;
}
