import { buildResponse, type HeaderField, SipParseError, type SipRequest, tagOf } from '../message/index.ts';
import { SdpError } from '../sdp/index.ts';
import { statelessTag } from '../tokens.ts';
import type { Clock, ServerInviteTransaction, ServerPlainTransaction } from '../transaction/index.ts';
import type { Flow } from '../transport/index.ts';
import type { Admissions, CallerIdentity } from './admissions.ts';
import { type CallGate, inspect, type Refusal } from './call-gate.ts';
import type { CallHost, DialogUsage } from './call-types.ts';
import type { Dialogs } from './dialogs.ts';
import { IncomingCall } from './incoming-call.ts';
import { KNOWN_METHODS, OF_DIALOGS } from './methods.ts';
import { RateLimiter } from './rate-limiter.ts';
import type { Registrar } from './registrar.ts';
import type { SipStackEvents } from './sip-stack-options.ts';
import type { SourceLimits } from './source-limits.ts';
import type { StackCalls } from './stack-calls.ts';
import type { Trunk } from './trunk.ts';

/** Maximum requests per second in one dialog; more are dropped. Even key presses are slower. */
const DIALOG_REQUESTS_PER_SECOND = 50;

export interface RequestReceiverOptions {
  readonly clock: Clock;
  /** What new calls need. */
  readonly host: CallHost;
  readonly admissions: Admissions;
  readonly gate: CallGate;
  readonly limits: SourceLimits;
  readonly calls: StackCalls;
  readonly dialogs: Dialogs;
  /** Undefined: nobody may register. */
  readonly registrar: Registrar | undefined;
  /** Ignores requests of strangers instead of refusing them. */
  readonly silent: boolean;
  trunkOf(identity: CallerIdentity): Trunk | undefined;
  /** A new call of an admitted caller. Returns whether anybody listens. @throws {SdpError} its offer is unacceptable */
  onInvite(call: IncomingCall): boolean;
  onRegistration(event: SipStackEvents['registration'][0]): void;
  onRefused(event: SipStackEvents['refused'][0]): void;
}

/** Handles requests: passes them to their call, makes new calls, registers phones, and refuses everything else. */
export class RequestReceiver {
  readonly #options: RequestReceiverOptions;
  readonly #dialogRate: RateLimiter;

  constructor(options: RequestReceiverOptions) {
    this.#options = options;
    this.#dialogRate = new RateLimiter(options.clock, DIALOG_REQUESTS_PER_SECOND);
  }

  receiveInvite(request: SipRequest, transaction: ServerInviteTransaction, flow: Flow): void {
    const { dialogs, gate, host, calls } = this.#options;
    if (tagOf(request.to) !== undefined) {
      const call = this.#receiveInDialog(request, transaction, flow);
      if (call) {
        dialogs.setInvite(transaction, call);
      }
      return;
    }
    const refuse = (refusal: Refusal) => this.#refuse(request, transaction, flow, refusal);
    const admission = gate.admit(request, flow);
    if (admission.kind === 'refused') {
      refuse(admission);
      return;
    }
    const trunk = this.#options.trunkOf(admission.identity);
    try {
      const call = new IncomingCall(host, transaction, flow, { ...admission, gruu: trunk?.gruus?.public });
      calls.add(call, trunk);
      dialogs.setInvite(transaction, call);
      this.#offerCall(call);
    } catch (error) {
      if (!(error instanceof SipParseError)) {
        throw error;
      }
      refuse({ status: error.status });
    }
  }

  /** Any request but INVITE, ACK and CANCEL. */
  receiveRequest(request: SipRequest, transaction: ServerPlainTransaction, flow: Flow): void {
    const { method } = request;
    if (tagOf(request.to) !== undefined && method !== 'REGISTER') {
      this.#receiveInDialog(request, transaction, flow);
      return;
    }
    const { limits, registrar, host } = this.#options;
    if (!limits.takeRequest(flow.remote.address)) {
      transaction.terminate();
      return;
    }
    const refuse = (refusal: Refusal) => this.#refuse(request, transaction, flow, refusal);
    const objection = inspect(request);
    if (!KNOWN_METHODS.has(method)) {
      refuse({ status: 501, headers: host.capabilities });
    } else if (objection) {
      refuse(objection);
    } else if (method === 'OPTIONS') {
      this.#receiveOptions(request, transaction, flow);
    } else if (method === 'REGISTER' && registrar) {
      this.#receiveRegister(request, transaction, flow, registrar);
    } else if (OF_DIALOGS.has(method)) {
      refuse({ status: 481 });
    } else if (method === 'REFER') {
      // Only a phone in a call may ask us to call (threat 19).
      refuse({ status: 403 });
    } else if (method === 'SUBSCRIBE') {
      // The only subscriptions here are those of REFERs, in the dialog of a call (RFC 6665 §4.1.2.1).
      refuse({ status: 489, headers: [['allow-events', 'refer']] });
    } else {
      refuse({ status: 405, headers: host.capabilities });
    }
  }

  /**
   * Refuses a request outside any call. Answers once and statelessly (RFC 3261 §8.2.7, §26.3.2.4): strangers must neither fill the tables
   * (threat 56) nor make us retransmit to an address of their choice (threat 61).
   */
  #refuse(
    request: SipRequest,
    transaction: ServerInviteTransaction | ServerPlainTransaction,
    flow: Flow,
    { status, reason, headers = [] }: Refusal,
  ): void {
    if (this.#isIgnored(request, flow)) {
      transaction.terminate();
    } else {
      this.#respondStateless(request, transaction, status, headers, reason);
    }
    this.#options.onRefused({ method: request.method, status, address: flow.remote.address });
  }

  #respondStateless(
    request: SipRequest,
    transaction: ServerInviteTransaction | ServerPlainTransaction,
    status: number,
    headers: readonly HeaderField[],
    reason?: string,
  ): void {
    transaction.respondStateless(
      buildResponse(request, status, {
        toTag: statelessTag(request),
        reason,
        headers: [...headers, ...this.#options.host.userAgent],
      }),
    );
  }

  #isIgnored(request: SipRequest, flow: Flow): boolean {
    return this.#options.silent && this.#options.admissions.isStranger(request, flow);
  }

  /** Passes a request with a To tag to its call; undefined if there is no such call or the request was dropped. */
  #receiveInDialog(
    request: SipRequest,
    transaction: ServerInviteTransaction | ServerPlainTransaction,
    flow: Flow,
  ): DialogUsage | undefined {
    const call = this.#options.dialogs.ofRequest(request);
    if (!call) {
      if (this.#options.limits.takeRequest(flow.remote.address)) {
        this.#refuse(request, transaction, flow, { status: 481 });
      } else {
        transaction.terminate();
      }
      return undefined;
    }
    if (!this.#dialogRate.take(call.callId)) {
      transaction.terminate();
      return undefined;
    }
    call.receive(request, transaction, flow);
    return call;
  }

  /** Emits the call. Refuses it if there is no listener or one throws SdpError. */
  #offerCall(call: IncomingCall): void {
    try {
      if (!this.#options.onInvite(call)) {
        call.reject(480);
      }
    } catch (error) {
      if (!(error instanceof SdpError)) {
        throw error;
      }
      call.reject(error.status, { headers: [error.warningField] });
    }
  }

  #receiveOptions(request: SipRequest, transaction: ServerPlainTransaction, flow: Flow): void {
    if (this.#isIgnored(request, flow)) {
      transaction.terminate();
      return;
    }
    const { capabilities } = this.#options.host;
    this.#respondStateless(request, transaction, 200, [['accept', 'application/sdp'], ...capabilities]);
  }

  #receiveRegister(
    request: SipRequest,
    transaction: ServerPlainTransaction,
    flow: Flow,
    registrar: Registrar,
  ): void {
    const admission = this.#options.admissions.admit(request, flow);
    if (admission.kind === 'refused') {
      this.#refuse(request, transaction, flow, admission);
    } else if (admission.identity.kind !== 'user') {
      this.#refuse(request, transaction, flow, { status: 403 });
    } else {
      const { username } = admission.identity;
      const { response, changed } = registrar.register(request, flow, username);
      transaction.respond(response);
      if (changed) {
        const bindings = registrar.lookup(username).length;
        this.#options.onRegistration({ user: username, bindings });
      }
    }
  }
}
