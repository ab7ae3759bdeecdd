import { formatUri, parseUri, SipParseError } from '../message/index.ts';
import type { Clock } from '../transaction/index.ts';
import type { Flow } from '../transport/index.ts';
import type { Binding } from './bindings.ts';

/** A binding as plain data, for a later process. Times are Unix times in milliseconds. */
export interface SavedBinding {
  readonly contact: string;
  readonly callId: string;
  readonly sequence: number;
  readonly instance?: string | undefined;
  readonly regId?: number | undefined;
  readonly path?: string[] | undefined;
  readonly registeredAtMs: number;
  readonly expiresAtMs: number;
  readonly q: number;
  /** The phone's address and UDP port. */
  readonly address: string;
  readonly port: number;
  readonly userAgent: string;
}

/** Maximum lengths in characters. A phone with a longer Contact, Call-ID or instance must register again. */
const MAX_CONTACT = 512;
const MAX_CALL_ID = 256;
const MAX_INSTANCE = 128;

/** Undefined for a binding over TCP or TLS: its connection ends with the process, and the phone notices that. */
export function saveBinding(binding: Binding, clock: Clock): SavedBinding | undefined {
  const { callId, sequence, instance, regId, path, q, userAgent, flow } = binding;
  const contact = formatUri(binding.contact);
  const isTooLong =
    contact.length > MAX_CONTACT ||
    callId.length > MAX_CALL_ID ||
    (instance !== undefined && instance.length > MAX_INSTANCE);
  if (flow.reliable || isTooLong) {
    return undefined;
  }
  const offsetMs = Date.now() - clock.now();
  return {
    contact,
    callId,
    sequence,
    ...(instance !== undefined && { instance }),
    ...(regId !== undefined && { regId }),
    ...(path.length > 0 && { path: [...path] }),
    registeredAtMs: Math.round(binding.registeredAt + offsetMs),
    expiresAtMs: Math.round(binding.expiresAt + offsetMs),
    q,
    address: flow.remote.address,
    port: flow.remote.port,
    userAgent,
  };
}

/** Undefined if it has expired or cannot be reached any more. */
export function restoreBinding(
  saved: SavedBinding,
  clock: Clock,
  flowTo: (address: string, port: number) => Flow | undefined,
): Binding | undefined {
  const flow = flowTo(saved.address, saved.port);
  if (!flow || saved.expiresAtMs <= Date.now()) {
    return undefined;
  }
  const { callId, sequence, instance, regId, path = [], q, userAgent } = saved;
  const offsetMs = Date.now() - clock.now();
  try {
    return {
      contact: parseUri(saved.contact),
      callId,
      sequence,
      instance,
      regId,
      path,
      registeredAt: saved.registeredAtMs - offsetMs,
      expiresAt: saved.expiresAtMs - offsetMs,
      q,
      flow,
      userAgent,
    };
  } catch (error) {
    if (error instanceof SipParseError) {
      return undefined;
    }
    throw error;
  }
}
