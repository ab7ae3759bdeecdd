import { type HeaderField, type Headers, legible } from '../message/index.ts';

/** A Reason field (RFC 3326 §2): tells a phone why its call ends, so that it does not show it as missed. */
export function reasonField(status: number, text: string): HeaderField {
  return ['reason', `SIP;cause=${status};text="${text}"`];
}

/** An error on our side interrupted the call. */
export const INTERRUPTED = reasonField(503, 'Service interrupted');

/** Another phone or device of the same person answered (RFC 3326 §3.1). */
export const ANSWERED_ELSEWHERE = reasonField(200, 'Call completed elsewhere');

/** Maximum length of a peer's reason in characters. */
const MAX_LENGTH = 200;

/** Why the peer ended a call, as its Reason fields say (RFC 3326): `Q.850;cause=17;text="User busy"`. Untrusted text. */
export function peerReason(headers: Headers): { peerReason?: string } {
  const values = headers.all('reason');
  return values.length === 0 ? {} : { peerReason: legible(values.join(', ')).slice(0, MAX_LENGTH) };
}
