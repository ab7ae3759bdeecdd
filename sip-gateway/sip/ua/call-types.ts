import type { DigestClient } from '../auth/index.ts';
import type { Dialog } from '../dialog/index.ts';
import type { HeaderField, RequestDraft, SipRequest, SipResponse, Uri } from '../message/index.ts';
import type {
  ClientHandlers,
  ClientTransaction,
  Clock,
  ServerInviteTransaction,
  ServerPlainTransaction,
  TimerValues,
} from '../transaction/index.ts';
import type { Flow } from '../transport/index.ts';
import type { OfferRequest } from './offer-request.ts';
import type { Redirection } from './redirection.ts';
import type { ReferRequest } from './refer-request.ts';
import type { FollowedPhone } from './registrar.ts';

/** `starting`: no response yet; `early`: ringing or early media; `answered`: in conversation; `ended`. */
export type CallState = 'starting' | 'early' | 'answered' | 'ended';

/** Why a call ended. */
export interface CallEnd {
  readonly cause: /** We hung up, or rejected it. */
    | 'local'
    /** The peer hung up. */
    | 'remote'
    /** The caller gave up before the answer. */
    | 'cancelled'
    /** The peer refused, with `status` and `reason`. */
    | 'refused'
    /** Nobody answered in time, or the peer stopped answering. */
    | 'timeout'
    /** The peer never acknowledged our answer. */
    | 'no-ack'
    /** No connection to the peer. */
    | 'transport'
    /** The peer violated the protocol, e.g. of offer and answer. */
    | 'protocol';
  readonly status?: number;
  readonly reason?: string;
  /** The peer's Reason fields (RFC 3326). Untrusted text. */
  readonly peerReason?: string;
  /** Set if the peer refused with 300, 301 or 302. */
  readonly redirection?: Redirection;
}

/** A provisional response of an outgoing call. */
export interface Progress {
  readonly status: number;
  readonly reason: string;
  /** Early media: the peer's provisional answer to our offer. */
  readonly sdp?: string;
}

/** A key press received by SIP INFO. */
export interface InfoDigit {
  /** `0`–`9`, `*`, `#`, `A`–`D`, or `!` for flash. */
  readonly digit: string;
  readonly durationMs: number;
}

export interface CallEvents {
  /** An outgoing call rings, or has early media. */
  progress: [Progress];
  /** A 2xx was sent or received. `localSdp` and `remoteSdp` are set, unless the answer comes with the ACK. */
  answered: [];
  /** The ACK of an incoming call was received. */
  confirmed: [];
  /** The peer offers a changed session (re-INVITE or UPDATE). Without a listener it is refused with 488. */
  offer: [OfferRequest];
  /** The ACK contained the answer to our offer in a 2xx; `remoteSdp` has changed. */
  answer: [sdp: string];
  dtmf: [InfoDigit];
  /** The peer asks us to call someone in its place. Without a listener it is refused with 603. */
  refer: [ReferRequest];
  /** Another INFO, answered with 200. */
  info: [{ readonly contentType: string; readonly body: Buffer }];
  /** The last event, once. */
  end: [CallEnd];
}

/** Where a call's peer was last heard. `Routes` chooses between this and the dialog's remote target. */
export interface PeerPlace {
  /** The flow of the peer's last request, or of our INVITE. */
  readonly flow: Flow;
  /** Time of that request, on the stack's clock, in milliseconds. */
  readonly atMs: number;
  /** No proxy is in between: without a route set, the flow is used and the Contact ignored. */
  readonly direct: boolean;
  /** Set for phones registered here: without a route set, their latest registration is used. */
  readonly phone?: FollowedPhone | undefined;
}

/** The usage of a dialog (RFC 5057), always a call. */
export interface DialogUsage {
  readonly callId: string;
  receive(
    request: SipRequest,
    transaction: ServerInviteTransaction | ServerPlainTransaction,
    flow: Flow,
  ): void;
  receiveAck(request: SipRequest, flow: Flow): void;
  receiveCancel(invite: ServerInviteTransaction, cancel: SipRequest): void;
  /** A 2xx without a client transaction, i.e. a retransmission. */
  receiveStray(response: SipResponse): void;
}

/** Our Contact in a call. */
export interface OwnContact {
  /** Its user part, as on the wire, where it is our address on the call's flow. */
  readonly user?: string | undefined;
  /** A GRUU that a registrar has given us (RFC 5627 §4.4): it replaces our address. */
  readonly gruu?: string | undefined;
}

/** What a call needs from the stack that owns it. */
export interface CallHost {
  readonly clock: Clock;
  readonly timers: TimerValues;
  /** Returns a number from 0 to below 1. */
  readonly random: () => number;
  /** Allow and Supported. */
  readonly capabilities: readonly HeaderField[];
  readonly userAgent: readonly HeaderField[];
  /** Our Contact field on this flow. */
  contactFor(flow: Flow, contact?: OwnContact): HeaderField;
  /** The flow for a request in a dialog. @throws {NoRouteError} there is none */
  route(dialog: Dialog, peer: PeerPlace): Promise<Flow>;
  /** The registered phone of a user that a request with this Contact came from. */
  phoneOf(username: string, contact: Uri, flow: Flow): FollowedPhone | undefined;
  send(draft: RequestDraft, flow: Flow, handlers: ClientHandlers): ClientTransaction;
  sendStateless(draft: RequestDraft, flow: Flow): SipRequest;
  resendStateless(request: SipRequest, flow: Flow): void;
  sendCancel(invite: SipRequest, flow: Flow, headers: readonly HeaderField[]): void;
  /** Routes requests and stray 2xx of this dialog to the call from now on. */
  adopt(dialog: Dialog, usage: DialogUsage): void;
  /** Forgets an ended dialog. */
  drop(dialog: Dialog): void;
}

export type MaybeDigest = DigestClient | undefined;
