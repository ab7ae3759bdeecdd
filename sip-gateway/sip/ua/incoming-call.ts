import { Dialog, Retransmission } from '../dialog/index.ts';
import {
  addressOf,
  buildResponse,
  decodeUser,
  formatUri,
  type HeaderField,
  type NameAddr,
  parseRAck,
  SipParseError,
  type SipRequest,
} from '../message/index.ts';
import { newTag } from '../tokens.ts';
import type { ServerInviteTransaction, ServerPlainTransaction } from '../transaction/index.ts';
import type { Flow } from '../transport/index.ts';
import type { Admitted } from './admission.ts';
import { sdpBody, sessionBody } from './body.ts';
import { Call } from './call.ts';
import type { CallHost } from './call-types.ts';

/** Who a caller was found to be, before its call is shown to anybody. */
export type CallerIdentity =
  | { readonly kind: 'user'; readonly username: string }
  | { readonly kind: 'trunk'; readonly trunkId: string }
  | { readonly kind: 'anonymous' };

/** A provisional response that waits for its PRACK, or for its turn. */
interface ReliableProgress {
  readonly status: number;
  readonly sdp: string | undefined;
}

/** Sent again without an upper interval (RFC 3262 §3). */
const NO_LIMIT = Number.POSITIVE_INFINITY;

/** A call that came in. Answer it with `ring`, `progress`, `accept`, `reject`; the CANCEL of the caller ends it. */
export class IncomingCall extends Call {
  readonly direction = 'incoming';
  readonly identity: CallerIdentity;
  /** The caller's offer; undefined where it wants ours (a delayed offer). */
  readonly offer: string | undefined;
  readonly request: SipRequest;
  readonly #transaction: ServerInviteTransaction;
  readonly #ownDialog: Dialog;
  readonly #reliable: 'required' | 'supported' | 'no';
  #sequence = 0;
  #unacknowledged: { rseq: number; hasSdp: boolean; retransmission: Retransmission } | undefined;
  readonly #queued: ReliableProgress[] = [];
  #acceptLater: (() => void) | undefined;
  #byeLater: (() => void) | undefined;
  #hasReturnPath: boolean;
  readonly #returnPath = Promise.withResolvers<void>();

  /** Throws SipParseError where the INVITE cannot make a dialog. */
  constructor(
    host: CallHost,
    transaction: ServerInviteTransaction,
    flow: Flow,
    { identity, digest, hasReturnPath }: Admitted,
  ) {
    super(host, flow, digest);
    if (hasReturnPath) this.#returnPath.resolve();
    this.#hasReturnPath = hasReturnPath;
    const { request } = transaction;
    this.request = request;
    this.identity = identity;
    this.#transaction = transaction;
    this.#ownDialog = Dialog.ofRequest(request, newTag());
    this.dialog = this.#ownDialog;
    this.learnFlow(request, flow);
    this.offer = sessionBody(request).sdp;
    if (this.offer !== undefined) this.session.receiveOffer(this.offer);
    const requires = request.headers.tokens('require').includes('100rel');
    const supports = request.headers.tokens('supported').includes('100rel');
    this.#reliable = requires ? 'required' : supports ? 'supported' : 'no';
    // The sequence may start anywhere below 2^31 (RFC 3262 §3).
    this.#sequence = Math.floor(host.random() * 2 ** 16);
    host.adopt(this.#ownDialog, this);
  }

  get callId(): string {
    return this.request.callId;
  }

  get remote(): NameAddr {
    return this.request.from;
  }

  get local(): NameAddr {
    return this.request.to;
  }

  /** What was dialled: the user part of the Request-URI, or the number of a tel URI. */
  get dialled(): string {
    return decodeUser(this.request.uri);
  }

  get dialledUri(): string {
    return formatUri(this.request.uri);
  }

  /** P-Asserted-Identity, which only a trunk is to be believed. */
  get assertedIdentity(): NameAddr | undefined {
    try {
      return addressOf(this.request.headers, 'p-asserted-identity');
    } catch (error) {
      if (error instanceof SipParseError) return undefined;
      throw error;
    }
  }

  /**
   * Resolves when the caller has shown that it receives what we send to its address: at once where it logged in or came by a
   * connection, else by its ACK or another request in the dialog, whose tag it must have read. Until then a forged datagram must
   * neither aim media at a third party nor listen in (threat 52). Resolves at the end of the call, too.
   */
  returnPath(): Promise<void> {
    return this.#returnPath.promise;
  }

  override receive(...parts: Parameters<Call['receive']>): void {
    this.#showReturnPath();
    super.receive(...parts);
  }

  override receiveAck(...parts: Parameters<Call['receiveAck']>): void {
    this.#showReturnPath();
    super.receiveAck(...parts);
  }

  /** 180 Ringing. */
  ring(): void {
    this.progress(180);
  }

  /**
   * A provisional response, with our answer for early media where given (183). It is sent reliably (RFC 3262) where the caller
   * requires that, and with SDP where it supports it. Does nothing once the call is answered.
   */
  progress(status: number, sdp?: string): void {
    if (!this.#transaction.pending || this.ended || this.#acceptLater) return;
    this.setState('early');
    const reliable = this.#reliable === 'required' || (this.#reliable === 'supported' && sdp !== undefined);
    if (!reliable) {
      this.#transaction.respond(
        buildResponse(this.request, status, {
          toTag: this.#ownDialog.localTag,
          headers: this.#fields(sdp),
          body: sdpBody(sdp).body,
        }),
      );
    } else if (this.#unacknowledged) this.#queued.push({ status, sdp });
    else this.#sendReliable({ status, sdp });
  }

  /**
   * Answers with our SDP: the answer, or the offer where the caller made none. An answer that went out reliably with `progress`
   * need not be given again. The event `confirmed` follows with the ACK.
   */
  accept(sdp?: string): void {
    if (!this.#transaction.pending || this.ended || this.#acceptLater) return;
    // A 2xx must wait for the PRACK of an offer or answer (RFC 3262 §3).
    if (this.#unacknowledged?.hasSdp) {
      this.#acceptLater = () => this.#accept(sdp);
      return;
    }
    this.#accept(sdp);
  }

  /** Refuses. Default 603 Decline. */
  reject(status = 603, options: { reason?: string; headers?: readonly HeaderField[] } = {}): void {
    if (!this.#transaction.pending || this.ended) return;
    this.#refuse(status, options);
    this.finish({ cause: 'local', status });
  }

  /** BYE once answered (after the ACK, as RFC 3261 §15 has it), 480 before. */
  async hangUp(): Promise<void> {
    if (this.ended) return;
    if (this.state !== 'answered') {
      this.reject(480);
      return;
    }
    if (this.awaitsAck) {
      const acknowledged = new Promise<void>((resolve) => {
        this.#byeLater = resolve;
        this.once('end', () => resolve());
      });
      await acknowledged;
      if (this.ended) return;
    }
    const bye = this.sendBye();
    this.finish({ cause: 'local' });
    await bye;
  }

  override receiveCancel(transaction: ServerInviteTransaction): void {
    if (transaction !== this.#transaction) super.receiveCancel(transaction);
    else {
      this.#refuse(487);
      this.finish({ cause: 'cancelled' });
    }
  }

  /** A BYE may come before the answer, too: the INVITE is then refused with 487 (RFC 3261 §15.1.2). */
  protected override receiveBye(): void {
    if (this.#transaction.pending) this.#refuse(487);
    super.receiveBye();
  }

  protected override receivePrack(request: SipRequest, transaction: ServerPlainTransaction): void {
    const waiting = this.#unacknowledged;
    if (!waiting || !this.#acknowledges(request, waiting.rseq)) {
      transaction.respond(buildResponse(request, 481));
      return;
    }
    const { sdp } = sessionBody(request);
    if (sdp !== undefined && !this.session.receiveAnswer(sdp)) {
      // A second offer while ringing: we keep the session that we have.
      transaction.respond(buildResponse(request, 488));
      return;
    }
    transaction.respond(buildResponse(request, 200));
    waiting.retransmission.stop();
    this.#unacknowledged = undefined;
    const accept = this.#acceptLater;
    const next = this.#queued.shift();
    this.#acceptLater = undefined;
    if (accept) accept();
    else if (next) this.#sendReliable(next);
  }

  protected override finish(end: Parameters<Call['finish']>[0]): void {
    super.finish(end);
    this.#returnPath.resolve();
  }

  /** Where the source may be forged, the BYE goes there, once, and to no Contact or route that it named (threat 52). */
  protected override async sendBye(): Promise<void> {
    if (this.#hasReturnPath) await super.sendBye();
    else this.host.sendStateless(this.#ownDialog.request('BYE', this.host.userAgent), this.flow);
  }

  #showReturnPath(): void {
    this.#hasReturnPath = true;
    this.#returnPath.resolve();
  }

  #acknowledges(request: SipRequest, rseq: number): boolean {
    try {
      const rack = parseRAck(request.headers.single('rack') ?? '');
      const { cseq } = this.request;
      return rack.rseq === rseq && rack.cseq.number === cseq.number && rack.cseq.method === 'INVITE';
    } catch (error) {
      if (error instanceof SipParseError) return false;
      throw error;
    }
  }

  #accept(sdp: string | undefined): void {
    if (this.ended || !this.#transaction.pending) return;
    this.#stopReliable();
    if (sdp !== undefined && this.session.state === 'remote-offer') this.session.sendAnswer(sdp);
    else if (sdp !== undefined && this.offer === undefined && this.session.local === undefined)
      this.session.sendOffer(sdp);
    this.#ownDialog.confirmed = true;
    this.setState('answered');
    const parts = {
      toTag: this.#ownDialog.localTag,
      headers: this.#fields(sdp),
      body: sdpBody(sdp).body,
    };
    this.sendAccepted(this.#transaction, parts, () => {
      this.emit('confirmed');
      this.#byeLater?.();
    });
    this.emit('answered');
  }

  #refuse(status: number, options: { reason?: string; headers?: readonly HeaderField[] } = {}): void {
    this.#stopReliable();
    this.#transaction.respond(
      buildResponse(this.request, status, {
        toTag: this.#ownDialog.localTag,
        reason: options.reason,
        headers: [...this.host.userAgent, ...(options.headers ?? [])],
      }),
      { once: !this.#hasReturnPath },
    );
  }

  #sendReliable({ status, sdp }: ReliableProgress): void {
    const rseq = ++this.#sequence;
    // Where the caller made no offer, a reliable response may make ours (RFC 3262 §5).
    if (sdp !== undefined && this.session.state === 'remote-offer') this.session.sendAnswer(sdp);
    else if (sdp !== undefined && this.session.state === 'stable' && this.session.local === undefined)
      this.session.sendOffer(sdp);
    const response = buildResponse(this.request, status, {
      toTag: this.#ownDialog.localTag,
      headers: [['require', '100rel'], ['rseq', String(rseq)], ...this.#fields(sdp)],
      body: sdpBody(sdp).body,
    });
    const retransmission = new Retransmission({
      clock: this.host.clock,
      timers: this.host.timers,
      maxMilliseconds: NO_LIMIT,
      send: () => this.#transaction.respond(response),
      onGivenUp: () => {
        this.#unacknowledged = undefined;
        this.#refuse(504);
        this.finish({ cause: 'timeout', reason: 'a provisional response was not acknowledged' });
      },
    });
    this.#unacknowledged = { rseq, hasSdp: sdp !== undefined, retransmission };
  }

  #stopReliable(): void {
    this.#unacknowledged?.retransmission.stop();
    this.#unacknowledged = undefined;
    this.#acceptLater = undefined;
    this.#queued.length = 0;
  }

  #fields(sdp: string | undefined): HeaderField[] {
    return this.sessionFields(sdp).headers;
  }
}
