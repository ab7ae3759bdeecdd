import type { RequestName } from '../../../contract/index.ts';
import type { Session } from '../sockets/index.ts';
import { aboutOf, actorOf } from './act.ts';
import type { AuditLog } from './audit-log.ts';

/** Refusals that say nothing about what someone tried. */
const UNRECORDED = ['BAD_REQUEST', 'RATE_LIMITED', 'ROOM_NOT_JOINED'];

/**
 * Called with an audited request before it is handled, while its participants are still there. Returns what is called with its outcome: `ok`
 * and the answer, or the code of the refusal.
 */
export function requestAuditor(
  audit: AuditLog,
): (session: Session, action: RequestName, data: unknown) => (outcome: string, result?: unknown) => void {
  return ({ principal, seat, address }, action, data) => {
    const body = data as Record<string, unknown>;
    const { participantId } = body;
    const room = seat?.room;
    // What people do to themselves is their own business.
    if (!principal || (typeof participantId === 'string' && seat?.peer.participants.has(participantId))) {
      return () => undefined;
    }
    const actor = actorOf(principal, address);
    const accountId = typeof participantId === 'string' ? room?.hostOf(participantId)?.accountId : undefined;
    return (outcome, result) => {
      if (!UNRECORDED.includes(outcome)) {
        const known = { roomId: room?.roomId, accountId, ...body, ...(result as object | undefined) };
        audit.record({ actor, action, outcome, ...aboutOf(known, body) });
      }
    };
  };
}
