import type { MediaDescription } from 'sdp-transform';

export type CodecName = 'opus' | 'G722' | 'PCMU' | 'PCMA';

/** A codec as SDP names it. */
interface CodecEntry {
  readonly name: CodecName;
  /** RTP clock rate in SDP, in Hz. G.722 says 8,000 although it samples at 16,000 (RFC 3551 §4.5.2). */
  readonly clockRate: number;
  /** Channels in SDP: 2 for Opus whatever is sent (RFC 7587 §7). */
  readonly channels: number;
  /** Payload type that we offer: static, or our choice of a dynamic one. */
  readonly payloadType: number;
}

const CODECS: readonly CodecEntry[] = [
  { name: 'opus', clockRate: 48_000, channels: 2, payloadType: 111 },
  { name: 'G722', clockRate: 8000, channels: 1, payloadType: 9 },
  { name: 'PCMU', clockRate: 8000, channels: 1, payloadType: 0 },
  { name: 'PCMA', clockRate: 8000, channels: 1, payloadType: 8 },
];

/** Clock rates that some phones get wrong, and what they mean: G.722 samples at 16 kHz, but its RTP clock is 8 kHz. */
const MEANT_RATES: Readonly<Record<string, number>> = { 'g722/16000': 8000 };

/** Supported clock rates of telephone-event, in Hz. */
const EVENT_RATES: ReadonlySet<number> = new Set([8000, 16_000, 32_000, 48_000]);

/** Keys (RFC 4733): the payload type that we offer for each clock rate. */
const EVENT_PAYLOAD_TYPES: Readonly<Record<number, number>> = { 8000: 101, 48000: 102 };

export function codecEntry(name: CodecName): CodecEntry {
  const entry = CODECS.find((codec) => codec.name === name);
  if (!entry) {
    throw new RangeError(`unknown codec ${name}`);
  }
  return entry;
}

/** Our payload type for keys at a clock rate. */
export function eventPayloadType(clockRate: number): number {
  return EVENT_PAYLOAD_TYPES[clockRate] ?? 101;
}

/** Comfort noise (RFC 3389 §4), for codecs with an 8 kHz clock. */
const COMFORT_NOISE_PAYLOAD_TYPE = 13;

/** Whether an audio line has comfort noise. */
export function hasComfortNoise(media: MediaDescription): boolean {
  return String(media.payloads ?? '')
    .split(' ')
    .includes(`${COMFORT_NOISE_PAYLOAD_TYPE}`);
}

/** One format of a peer's audio line that we know. */
export interface Format {
  readonly kind: CodecName | 'telephone-event' | 'CN';
  readonly payloadType: number;
  readonly clockRate: number;
  readonly fmtp: string | undefined;
}

export const COMFORT_NOISE: Format = {
  kind: 'CN',
  payloadType: COMFORT_NOISE_PAYLOAD_TYPE,
  clockRate: 8000,
  fmtp: undefined,
};

/** The known formats of an audio line in its order, without comfort noise. Static payload types need no rtpmap (RFC 3551 §6). */
export function knownFormats(media: MediaDescription): Format[] {
  const formats: Format[] = [];
  // The parser turns anything numeric into a number: a single payload type, a codec named 722.
  for (const text of String(media.payloads ?? '').split(' ')) {
    if (!/^[0-9]{1,3}$/.test(text) || Number(text) > 127) {
      continue;
    }
    const payloadType = Number(text);
    const map = media.rtp.find((entry) => entry.payload === payloadType);
    const fixed = CODECS.find((codec) => codec.payloadType === payloadType && payloadType < 96);
    const name = String(map?.codec ?? fixed?.name ?? '').toLowerCase();
    const stated = map?.rate ?? fixed?.clockRate ?? 0;
    const clockRate = MEANT_RATES[`${name}/${stated}`] ?? stated;
    const config = media.fmtp.find((entry) => entry.payload === payloadType)?.config;
    const fmtp = config === undefined ? undefined : String(config);
    if (name === 'telephone-event' && EVENT_RATES.has(clockRate)) {
      formats.push({ kind: 'telephone-event', payloadType, clockRate, fmtp });
    }
    const codec = CODECS.find((entry) => entry.name.toLowerCase() === name && entry.clockRate === clockRate);
    const channels = Number(map?.encoding ?? 1);
    if (codec && (codec.channels === channels || (codec.name === 'opus' && map?.encoding === undefined))) {
      formats.push({ kind: codec.name, payloadType, clockRate, fmtp });
    }
  }
  return formats;
}
