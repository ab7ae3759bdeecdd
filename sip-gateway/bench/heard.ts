import { estimateMos } from '../media/index.ts';
import { departureErrorsMs } from './pacing.ts';
import type { LoggedPacket } from './rtp-load.ts';

const PACKETS_PER_SECOND = 50;
/** Jitter buffer and packet duration in the known part of the delay, for the MOS. */
const KNOWN_DELAY_MS = 40;
/** A jitter buffer that a phone has at least. Later packets count as lost. */
export const LATE_MS = 40;

export interface Heard {
  packets: number;
  errorsMs: number[];
  /** Share of packets due that did not come, or came later than a phone waits. */
  lostFraction: number;
  mos: number;
}

/** What phones received in so many seconds. */
export function heardBy(calls: number, seconds: number, packets: readonly LoggedPacket[]): Heard {
  const errorsMs = departureErrorsMs(packets);
  const late = errorsMs.filter((error) => error > LATE_MS).length;
  const missing = [...Map.groupBy(packets, ({ port }) => port).values()].reduce(
    (sum, leg) => sum + missingOf(leg),
    0,
  );
  const silentCalls = calls - new Set(packets.map(({ port }) => port)).size;
  const due = packets.length + missing + silentCalls * seconds * PACKETS_PER_SECOND;
  const lostFraction = due === 0 ? 1 : (due - packets.length + late) / due;
  return {
    packets: packets.length,
    errorsMs,
    lostFraction,
    mos: estimateMos({ codec: 'PCMU', lossFraction: lostFraction, delayMs: KNOWN_DELAY_MS }),
  };
}

/** How many sequence numbers of a leg did not come. */
function missingOf(leg: readonly LoggedPacket[]): number {
  let missing = 0;
  for (let i = 1; i < leg.length; i++) {
    const step = ((leg[i]?.sequenceNumber ?? 0) - (leg[i - 1]?.sequenceNumber ?? 0)) & 0xffff;
    missing += Math.max(0, step - 1);
  }
  return missing;
}
