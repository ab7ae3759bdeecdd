import { addressesOf, formatNameAddr, type NameAddr, type SipRequest } from '../message/index.ts';
import type { Flow } from '../transport/index.ts';

/** Maximum number of Path values of a registration, and their length in characters. */
const MAX_PATHS = 8;
const MAX_PATH_LENGTH = 512;
const MAX_REG_ID = 2 ** 31 - 1;

/** How often phones must send keep-alives (Flow-Timer, RFC 5626 §4.4.1), in seconds: NATs forget UDP sooner than TCP. */
const FLOW_TIMER_SECONDS = { datagrams: 30, connections: 120 };
/** A connection whose keep-alives stop for this many times the interval is closed. */
export const MISSED_KEEP_ALIVES = 1.5;

/** Seconds between the keep-alives that we ask for on this flow. */
export function flowTimerOf(flow: Flow): number {
  return flow.reliable ? FLOW_TIMER_SECONDS.connections : FLOW_TIMER_SECONDS.datagrams;
}

/**
 * Whether the phone itself, or the proxy next to it, keeps the flow of a REGISTER (RFC 5626 §6). That proxy is the last one in the Path.
 * @throws {SipParseError} the Path is malformed
 */
export function firstHopKeepsFlows(request: SipRequest): boolean {
  const first = addressesOf(request.headers, 'path').at(-1)?.uri;
  return request.vias.length === 1 || (first !== undefined && 'params' in first && first.params.has('ob'));
}

/** The reg-id of a Contact; undefined if it has none, or no instance that it belongs to. */
export function regIdOf(contact: NameAddr): number | undefined {
  const text = contact.params.get('reg-id') ?? '';
  const id = /^[0-9]{1,10}$/.test(text) ? Number(text) : 0;
  return id >= 1 && id <= MAX_REG_ID && contact.params.get('+sip.instance') ? id : undefined;
}

/**
 * The Path of a REGISTER (RFC 3327), for the Route of requests to the phone; undefined if it is too long.
 * @throws {SipParseError} it is malformed
 */
export function pathOf(request: SipRequest): string[] | undefined {
  const path = addressesOf(request.headers, 'path').map(formatNameAddr);
  return path.length <= MAX_PATHS && path.every(({ length }) => length <= MAX_PATH_LENGTH) ? path : undefined;
}
