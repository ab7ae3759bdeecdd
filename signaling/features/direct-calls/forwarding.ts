import type { CallOutcome, CallSettings } from './contract.ts';

/** Where a person's calls go that the person does not take. */
export type Forwarding = NonNullable<CallSettings['forwarding']>;

/** Maximum number of times that a call is forwarded. */
export const MAX_FORWARDS = 5;

/** Where a call goes that would end like this; undefined: nowhere. */
export function forwardedTo({ busy, unanswered }: Forwarding, outcome: CallOutcome): string | undefined {
  switch (outcome) {
    case 'busy':
      return busy?.to;
    case 'unanswered':
    case 'offline':
    case 'failed':
      return unanswered?.to;
    default:
      return undefined;
  }
}

/** How long a person is rung who has this forwarding, in milliseconds. */
export function ringTimeMs({ unanswered }: Forwarding, ringMs: number): number {
  return unanswered ? Math.min(ringMs, unanswered.afterSeconds * 1000) : ringMs;
}
