import type { HeaderField, SipRequest } from '../message/index.ts';
import type { Clock } from '../transaction/index.ts';
import type { Flow } from '../transport/index.ts';
import type { Admissions, Admitted, CallerIdentity } from './admissions.ts';
import { sessionBody } from './body.ts';
import type { Call } from './call.ts';
import { callToReplace } from './call-to-replace.ts';
import type { Dialogs } from './dialogs.ts';
import { unsupportedFields } from './option-tags.ts';
import { sessionTooShort } from './session-timer.ts';
import type { SourceLimits } from './source-limits.ts';
import type { StackCalls } from './stack-calls.ts';
import type { Trunk } from './trunk.ts';

/** A refusal of a request. */
export interface Refusal {
  readonly status: number;
  readonly reason?: string;
  readonly headers?: readonly HeaderField[];
}

export interface CallGateOptions {
  readonly clock: Clock;
  readonly admissions: Admissions;
  readonly limits: SourceLimits;
  readonly calls: StackCalls;
  readonly dialogs: Dialogs;
  /** Maximum number of concurrent calls. */
  readonly maxCalls: number;
  /** Maximum number of concurrent calls from one user. */
  readonly maxCallsPerUser: number;
  /** Whether the stack is closing. */
  isClosing(): boolean;
  trunkOf(identity: CallerIdentity): Trunk | undefined;
}

/** Decides whether to accept a new call. The cheapest checks come first, so that a flood does not harm calls in progress (threat 22). */
export class CallGate {
  readonly #options: CallGateOptions;

  constructor(options: CallGateOptions) {
    this.#options = options;
  }

  /** `replaced`: the call that the new one takes over. */
  admit(
    request: SipRequest,
    flow: Flow,
  ): (Admitted & { replaced?: Call | undefined }) | ({ kind: 'refused' } & Refusal) {
    const refused = (refusal: Refusal) => ({ kind: 'refused', ...refusal }) as const;
    const objection = inspect(request);
    if (objection) {
      return refused(objection);
    }
    const { admissions, limits, calls, dialogs, maxCalls, maxCallsPerUser, clock } = this.#options;
    const { address } = flow.remote;
    const kind = admissions.knows(address) ? 'known' : 'stranger';
    if (this.#options.isClosing() || calls.size >= maxCalls || !limits.takeCall(address, kind)) {
      return refused({ status: 503, headers: [['retry-after', '5']] });
    }
    const admission = admissions.admit(request, flow);
    if (admission.kind === 'refused') {
      return admission;
    }
    if (sessionBody(request).unsupported) {
      return refused({ status: 415, headers: [['accept', 'application/sdp']] });
    }
    const { identity } = admission;
    const replacement = callToReplace(request, identity, (key) => dialogs.withKey(key));
    if (replacement && !replacement.call) {
      return refused(replacement);
    }
    // The call that is replaced ends soon.
    const spare = replacement ? 1 : 0;
    const trunk = this.#options.trunkOf(identity);
    if (trunk && trunk.activeCalls >= trunk.maxCalls + spare) {
      return refused({ status: 503, reason: 'Trunk Is Full', headers: [['retry-after', '30']] });
    }
    if (trunk && !trunk.takeCall('incoming', clock.now())) {
      return refused({ status: 503, reason: 'Too Many Calls Per Second', headers: [['retry-after', '1']] });
    }
    if (identity.kind === 'user' && calls.madeBy(identity.username) >= maxCallsPerUser + spare) {
      return refused({ status: 486, reason: 'Too Many Calls From This Phone' });
    }
    return { ...admission, replaced: replacement?.call };
  }
}

/** Checks a request outside dialogs (RFC 3261 §8.2); returns the refusal, or undefined. */
export function inspect(request: SipRequest): Refusal | undefined {
  if (request.uri.scheme === 'other') {
    return { status: 416 };
  }
  const unsupported = unsupportedFields(request);
  if (unsupported.length > 0) {
    return { status: 420, headers: unsupported };
  }
  const minimum = request.method === 'INVITE' && sessionTooShort(request);
  if (minimum) {
    return { status: 422, headers: [minimum] };
  }
  return undefined;
}
