import { createHmac, randomBytes } from 'node:crypto';
import { branchOf, MAGIC_COOKIE, type SipRequest, tagOf } from './message/index.ts';

const TAG_SECRET = randomBytes(32);

/** A tag: 64 random bits; RFC 3261 §19.3 requires 32. */
export function newTag(): string {
  return randomBytes(8).toString('hex');
}

/** A branch, unguessable so that nobody off the path can answer our requests. */
export function newBranch(): string {
  return MAGIC_COOKIE + randomBytes(12).toString('hex');
}

export function newCallId(): string {
  return randomBytes(16).toString('hex');
}

/** The tag of a stateless response: the same for every retransmission of the request (RFC 3261 §8.2.7). */
export function statelessTag(request: SipRequest): string {
  const { callId, cseq, from, vias } = request;
  const text = [callId, cseq.number, cseq.method, tagOf(from), branchOf(vias[0])].join(' ');
  return createHmac('sha256', TAG_SECRET).update(text).digest('hex').slice(0, 16);
}
