import type { HeaderField } from '../message/index.ts';

/** A Reason field (RFC 3326 §2): tells a phone why its call ends, so that it does not show it as missed. */
export function reasonField(status: number, text: string): HeaderField {
  return ['reason', `SIP;cause=${status};text="${text}"`];
}

/** Another phone or device of the same person answered (RFC 3326 §3.1). */
export const ANSWERED_ELSEWHERE = reasonField(200, 'Call completed elsewhere');
