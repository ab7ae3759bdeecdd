import type { SipResponse } from '../message/index.ts';

/** How an INVITE failed: with a response, or without one, which counts as 408 (timeout) or 503 (transport, RFC 3261 §8.1.3.1). */
export interface InviteFailure {
  readonly status: number;
  readonly reason: string;
  readonly response?: SipResponse;
}

/** Preferred within their class, as they say how the request could succeed (RFC 3261 §16.7 step 6). */
const HELPFUL = new Set([401, 407, 415, 420, 484]);

/**
 * The failure to report for all branches: a 6xx, or else one of the lowest class (RFC 3261 §16.7 step 6). A response is preferred to a
 * timeout or transport failure.
 */
export function bestFailure(failures: readonly InviteFailure[]): InviteFailure | undefined {
  const rank = ({ status, response }: InviteFailure) => [
    status >= 600 ? 0 : 1,
    response ? 0 : 1,
    Math.floor(status / 100),
    HELPFUL.has(status) ? 0 : 1,
  ];
  return [...failures].sort((one, other) => {
    const [a, b] = [rank(one), rank(other)];
    const index = a.findIndex((value, at) => value !== b[at]);
    return index < 0 ? 0 : (a[index] ?? 0) - (b[index] ?? 0);
  })[0];
}
