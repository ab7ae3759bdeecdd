import type { MediaDescription } from 'sdp-transform';
import { encodingOf, type Format } from './codecs.ts';
import type { Direction } from './direction.ts';
import type { IceAttributes } from './ice-session.ts';
import type { LocalAudio } from './negotiated-audio.ts';
import { isAudio } from './remote.ts';
import type { SecurityAttributes } from './security-session.ts';

/** A media line of the session. Its position never changes (RFC 3264 §8). */
export type Line = Pick<MediaDescription, 'type' | 'protocol' | 'payloads'>;

/** The line of the audio that we offer or answer with. */
export function audioLine(
  local: LocalAudio,
  formats: readonly Format[],
  {
    protocol,
    direction,
    rtcpMux,
    ptime,
    security,
    ice,
  }: {
    protocol: string;
    direction: Direction;
    rtcpMux: boolean;
    ptime: number;
    security: SecurityAttributes;
    ice: IceAttributes;
  },
): MediaDescription {
  return {
    type: 'audio',
    port: local.port,
    protocol,
    payloads: formats.map((format) => format.payloadType).join(' '),
    rtp: formats.map(({ kind, payloadType, clockRate }) => ({
      payload: payloadType,
      codec: encodingOf(kind),
      rate: clockRate,
      ...(kind === 'opus' && { encoding: 2 }),
    })),
    fmtp: formats.flatMap(({ payloadType, fmtp }) =>
      fmtp === undefined ? [] : [{ payload: payloadType, config: fmtp }],
    ),
    ptime,
    direction,
    ...security,
    ...(rtcpMux && { rtcpMux: 'rtcp-mux' as const }),
    ...ice,
  };
}

export function isAudioInUse(media: MediaDescription): boolean {
  return isAudio(media) && media.port !== 0;
}

/** A refused media line: port 0, formats unchanged (RFC 3264 §6). */
export function refused({ type, protocol, payloads }: Line): MediaDescription {
  return { type, port: 0, protocol, payloads, rtp: [], fmtp: [] };
}
