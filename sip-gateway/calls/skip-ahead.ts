import type { SavedMedia } from './saved-media.ts';

/** More packets than any stream sends: one every 10 ms, and keys. */
const MAX_PACKETS_PER_SECOND = 150;
/** RTCP is sent every few seconds. */
const MAX_REPORTS_PER_SECOND = 10;
const MARGIN_PACKETS = 200;
const MARGIN_REPORTS = 50;
/** Receivers guess the rollover counter right if less than half of the sequence numbers are skipped (RFC 3711 §3.3.1). */
const MAX_SKIPPED = 30_000;

/**
 * The stream to a phone after `elapsedMs` without knowing what was sent in that time: beyond every index that may have been used, so that
 * none is used twice with one key. Undefined if that is too far for the phone to follow.
 */
export function skipAhead(saved: SavedMedia, elapsedMs: number): SavedMedia | undefined {
  const { leg, srtp, audio } = saved;
  const seconds = elapsedMs / 1000;
  const packets = Math.ceil(seconds * MAX_PACKETS_PER_SECOND) + MARGIN_PACKETS;
  // A clock that was set back would hide packets.
  if (!(elapsedMs >= 0) || packets > MAX_SKIPPED) {
    return undefined;
  }
  const { ssrc, sequenceNumber, timestamp } = leg.stream;
  const roc = srtp?.[0]?.send.streams.find((stream) => stream.ssrc === ssrc)?.roc ?? 0;
  // The counter is that of the packet before the next one.
  const last = roc * 65_536 + ((sequenceNumber - 1) & 0xffff);
  const next = last + 1 + packets;
  const stream = {
    ssrc,
    sequenceNumber: next % 65_536,
    timestamp: (timestamp + Math.round(seconds * audio.clockRate)) >>> 0,
  };
  const reports = Math.ceil(seconds * MAX_REPORTS_PER_SECOND) + MARGIN_REPORTS;
  const sent = (rtcpSent: number) => ({
    rtcpSent: rtcpSent + reports,
    streams: [{ ssrc, roc: Math.floor(next / 65_536) }],
  });
  return {
    ...saved,
    leg: { ...leg, stream },
    ...(srtp && {
      srtp: srtp.map((each) => each && { ...each, send: sent(each.send.rtcpSent) }),
    }),
  };
}
