import type { MediaDescription } from 'sdp-transform';
import { type CodecName, codecEntry, type Format } from './codecs.ts';
import type { LocalAudio } from './negotiated-audio.ts';
import { SdpError } from './remote.ts';

type CodecFormat = Format & { readonly kind: CodecName };

export interface ChosenFormats {
  readonly codec: CodecFormat;
  readonly events: Format | undefined;
  /** Comfort noise at the codec's clock rate. */
  readonly noise: Format | undefined;
}

export const DEFAULT_PTIME_MS = 20;

/** The formats that we support. */
export function usable(formats: readonly Format[], local: LocalAudio): Format[] {
  return formats.filter((format) =>
    isCodec(format)
      ? local.codecs.includes(format.kind)
      : format.kind !== 'telephone-event' || local.events !== false,
  );
}

function isCodec(format: Format): format is CodecFormat {
  return format.kind !== 'telephone-event' && format.kind !== 'CN';
}

/** The first codec, with what accompanies it. @throws {SdpError} there is no codec */
export function chooseFormats(formats: readonly Format[]): ChosenFormats {
  const codec = formats.find(isCodec);
  if (!codec) {
    throw new SdpError('there is no codec in common', 305);
  }
  return {
    codec,
    events: pickEvents(formats, codec.clockRate),
    noise: formats.find(({ kind, clockRate }) => kind === 'CN' && clockRate === codec.clockRate),
  };
}

/** telephone-event at the codec's clock rate (RFC 4733 §2.1), or else the first one: many phones use 8,000 Hz with Opus. */
function pickEvents(formats: readonly Format[], clockRate: number): Format | undefined {
  const events = formats.filter(({ kind }) => kind === 'telephone-event');
  return events.find((format) => format.clockRate === clockRate) ?? events[0];
}

/** The packet time that the peer requests, or else the next shorter one that the codec has. */
export function pickPtime(media: MediaDescription, codec: CodecName): number {
  const { ptimesMs } = codecEntry(codec);
  const requested = Number(media.ptime) || DEFAULT_PTIME_MS;
  const max = Number(media.maxptime) || Number.POSITIVE_INFINITY;
  return ptimesMs.findLast((ptime) => ptime <= Math.min(requested, max)) ?? (ptimesMs[0] as number);
}
