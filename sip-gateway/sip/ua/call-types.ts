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
import type { FollowedPhone } from './registrar.ts';

/** `starting`: no answer yet; `early`: ringing or early media; `answered`: in conversation; `ended`. */
export type CallState = 'starting' | 'early' | 'answered' | 'ended';

/** Why a call ended. */
export interface CallEnd {
  readonly cause: /** We hung up, or rejected it. */
    | 'local'
    /** The peer hung up. */
    | 'remote'
    /** The caller gave up before the answer. */
    | 'cancelled'
    /** The peer refused: `status` and `reason` say how. */
    | 'refused'
    /** Nobody answered in time, or the peer stopped answering. */
    | 'timeout'
    /** The peer never acknowledged our answer. */
    | 'no-ack'
    /** No connection to the peer. */
    | 'transport'
    /** The peer broke the rules of offer and answer. */
    | 'protocol';
  readonly status?: number;
  readonly reason?: string;
}

/** A provisional response of an outgoing call. */
export interface Progress {
  readonly status: number;
  readonly reason: string;
  /** Early media: what the peer answers to our offer so far. */
  readonly sdp?: string;
}

/** A key press that came by SIP INFO. */
export interface InfoDigit {
  /** `0`–`9`, `*`, `#`, `A`–`D`, or `!` for flash. */
  readonly digit: string;
  readonly durationMilliseconds: number;
}

export interface CallEvents {
  /** An outgoing call rings, or has early media. */
  progress: [Progress];
  /** The dialog is confirmed on our side; `remoteSdp` and `localSdp` hold unless an answer is still to come by ACK. */
  answered: [];
  /** The ACK of an incoming call came. */
  confirmed: [];
  /** The peer wants to change the session (re-INVITE or UPDATE). Without a listener it is refused with 488. */
  offer: [OfferRequest];
  /** The answer to an offer of ours that went out in a 2xx came in the ACK; `remoteSdp` is new. */
  answer: [sdp: string];
  dtmf: [InfoDigit];
  /** Another INFO, answered with 200. */
  info: [{ readonly contentType: string; readonly body: Buffer }];
  /** The last event, once. */
  end: [CallEnd];
}

/** Where a call's peer was last heard; `Routes` weighs it against the dialog's remote target. */
export interface PeerPlace {
  /** The flow that its last request came on, or that our INVITE went on. */
  readonly flow: Flow;
  /** Since when, on the stack's clock. */
  readonly atMs: number;
  /** True if no proxy is in between: without a route set the flow is used whatever the Contact says. */
  readonly direct: boolean;
  /** Set for phones registered here: without a route set they are reached where they registered last. */
  readonly phone?: FollowedPhone | undefined;
}

/** The usage of a dialog (RFC 5057): here always a call. */
export interface DialogUsage {
  readonly callId: string;
  receive(
    request: SipRequest,
    transaction: ServerInviteTransaction | ServerPlainTransaction,
    flow: Flow,
  ): void;
  receiveAck(request: SipRequest, flow: Flow): void;
  receiveCancel(invite: ServerInviteTransaction): void;
  /** A 2xx that no transaction waits for. */
  receiveStray(response: SipResponse): void;
}

/** What a call needs from the stack that owns it. */
export interface CallHost {
  readonly clock: Clock;
  readonly timers: TimerValues;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Fields that state our capabilities: Allow, Supported, User-Agent. */
  readonly capabilities: readonly HeaderField[];
  readonly userAgent: readonly HeaderField[];
  /** The Contact field that lets peers reach us on this flow. `user`: its user part, as on the wire. */
  contactFor(flow: Flow, user?: string): HeaderField;
  /** The flow for a request in a dialog; rejects if there is none. */
  route(dialog: Dialog, peer: PeerPlace): Promise<Flow>;
  /** The registered phone of a user that a request with this Contact came from. */
  phoneOf(username: string, contact: Uri, flow: Flow): FollowedPhone | undefined;
  send(draft: RequestDraft, flow: Flow, handlers: ClientHandlers): ClientTransaction;
  sendStateless(draft: RequestDraft, flow: Flow): SipRequest;
  resendStateless(request: SipRequest, flow: Flow): void;
  sendCancel(invite: SipRequest, flow: Flow): void;
  /** From now on, requests and stray 2xx in this dialog go to the call. */
  adopt(dialog: Dialog, usage: DialogUsage): void;
  /** The dialog is over. */
  drop(dialog: Dialog): void;
}

export type MaybeDigest = DigestClient | undefined;
