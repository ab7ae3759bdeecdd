/** Keys, in the order of their event codes (RFC 4733 §3.2, table 3). */
export const DTMF_KEYS = [
  '0',
  '1',
  '2',
  '3',
  '4',
  '5',
  '6',
  '7',
  '8',
  '9',
  '*',
  '#',
  'A',
  'B',
  'C',
  'D',
] as const;
export type DtmfKey = (typeof DTMF_KEYS)[number];

export interface EventPayload {
  event: number;
  end: boolean;
  /** Power below 0 dBm0, 0 to 63. */
  volume: number;
  /** In ticks of the RTP clock, 16 bits. */
  duration: number;
}

/** Parses a telephone-event payload (RFC 4733 §2.3); null if it is too short. */
export function parseEvent(payload: Uint8Array): EventPayload | null {
  const [event, flags, high, low] = payload;
  if (event === undefined || flags === undefined || high === undefined || low === undefined) {
    return null;
  }
  return { event, end: (flags & 0x80) !== 0, volume: flags & 0x3f, duration: (high << 8) | low };
}

export function writeEvent({ event, end, volume, duration }: EventPayload): Uint8Array {
  return Uint8Array.of(event, (end ? 0x80 : 0) | (volume & 0x3f), (duration >> 8) & 0xff, duration & 0xff);
}
