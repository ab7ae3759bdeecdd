import { type CallRecord, displayableText } from '../../contract/index.ts';
import type { LegStats } from '../media/index.ts';
import type { EndCause } from '../metrics.ts';
import type { CallEnd } from '../sip/index.ts';
import type { CallParts } from './call-parts.ts';
import { finalQuality } from './call-quality.ts';

/** Why a call ended: the SIP status, its reason phrase or our words, and the other side's Reason fields. */
export type Ending = Pick<CallEnd, 'status' | 'reason' | 'peerReason'>;

/** The end of a call, with the statistics of its media; without them there was none. */
export type CallEnding = Ending & { cause: EndCause; stats: LegStats | null | undefined };

/** What is known of a call by now. */
interface CallFacts
  extends Pick<CallRecord, 'callId' | 'roomId' | 'codec' | 'encryption' | 'startedAtMs' | 'answeredAtMs'> {
  phone: string | undefined;
  transfer: CallRecord['transfer'];
  /** Undefined while the call goes on. */
  end: CallEnding | undefined;
}

/** Maximum length in characters of a remote party's text in the history. */
const MAX_TEXT = 256;

/** The call as the history shows it. */
export function callRecord(
  { direction, displayName, remote, dialled, trunk, attributes, verification }: CallParts,
  { phone, transfer, end, ...facts }: CallFacts,
): CallRecord {
  const stats = end?.stats;
  const endReason = displayableText(end?.peerReason ?? end?.reason ?? '');
  return {
    ...facts,
    direction,
    displayName,
    remote: shortened(remote),
    dialled: shortened(dialled),
    ...(phone !== undefined && { phone }),
    trunk,
    endedAtMs: end ? Date.now() : null,
    endCause: end?.cause ?? null,
    sipStatus: end?.status ?? null,
    ...(endReason !== '' && { endReason: shortened(endReason) }),
    mos: stats && stats.packetsReceived > 0 ? stats.mos : null,
    quality: stats ? finalQuality(stats) : null,
    ...(attributes && { attributes }),
    ...(verification && { verification }),
    ...(transfer && { transfer }),
  };
}

/** A remote party's text, as long as the history keeps it. */
export function shortened(text: string): string {
  return text.slice(0, MAX_TEXT);
}

/** Statistics of a call's media for the log, rounded. */
export function loggedStats({ jitterMs, bufferMs, roundTripMs, mos, ...stats }: LegStats) {
  const { packetsReceived, packetsSent, packetsLost, packetsLate, framesConcealed, packetsUnauthenticated } =
    stats;
  return {
    packetsReceived,
    ...(packetsUnauthenticated > 0 && { packetsUnauthenticated }),
    packetsSent,
    packetsLost,
    packetsLate,
    framesConcealed,
    jitterMs: Math.round(jitterMs),
    bufferMs: Math.round(bufferMs),
    roundTripMs: roundTripMs === null ? null : Math.round(roundTripMs),
    mos: Math.round(mos * 100) / 100,
  };
}
