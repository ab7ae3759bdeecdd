import { dialogKey } from '../dialog/index.ts';
import { parseReplaces, type Replaces, SipParseError, type SipRequest } from '../message/index.ts';
import type { CallerIdentity } from './admissions.ts';
import { Call } from './call.ts';
import type { DialogUsage } from './call-types.ts';

/** The call that an INVITE replaces, or why it may not. */
export type Replacement =
  | { readonly call: Call }
  | { readonly call?: undefined; readonly status: number; readonly reason?: string };

/**
 * The call that an INVITE with Replaces takes over (RFC 3891 §3); undefined without Replaces. Only the party of that call may take it over:
 * the same phone account or the same trunk. To know a dialog's tags is not enough (threat 19).
 */
export function callToReplace(
  request: SipRequest,
  caller: CallerIdentity,
  dialogOf: (key: string) => DialogUsage | undefined,
): Replacement | undefined {
  const fields = request.headers.all('replaces');
  const [field] = fields;
  if (field === undefined) {
    return undefined;
  }
  // Join (RFC 3911) contradicts Replaces.
  if (fields.length > 1 || request.headers.has('join')) {
    return { status: 400, reason: 'Only One Replaces Allowed' };
  }
  let replaces: Replaces;
  try {
    replaces = parseReplaces(field);
  } catch (error) {
    if (error instanceof SipParseError) {
      return { status: 400, reason: error.message };
    }
    throw error;
  }
  const { callId, toTag, fromTag, earlyOnly } = replaces;
  const call = dialogOf(dialogKey(callId, toTag, fromTag));
  if (!(call instanceof Call)) {
    return { status: 481 };
  }
  if (!isSameParty(call.identity, caller)) {
    return { status: 403, reason: 'Not Your Call' };
  }
  if (call.state === 'ended') {
    return { status: 603 };
  }
  if (call.state !== 'answered') {
    // A call that is ringing at us cannot be picked up: it is about to be answered.
    return call.direction === 'incoming' ? { status: 481 } : { call };
  }
  return earlyOnly ? { status: 486 } : { call };
}

function isSameParty(party: CallerIdentity, caller: CallerIdentity): boolean {
  if (party.kind === 'user') {
    return caller.kind === 'user' && caller.username === party.username;
  }
  return party.kind === 'trunk' && caller.kind === 'trunk' && caller.trunkId === party.trunkId;
}
