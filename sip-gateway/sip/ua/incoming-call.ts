import { Dialog, Retransmission } from '../dialog/index.ts';
import {
  buildResponse,
  decodeUser,
  encodeUser,
  formatUri,
  type HeaderField,
  type NameAddr,
  numberOrUser,
  parseRAck,
  type ResponseParts,
  SipParseError,
  type SipRequest,
  type Uri,
} from '../message/index.ts';
import { newTag } from '../tokens.ts';
import type { ServerInviteTransaction, ServerPlainTransaction } from '../transaction/index.ts';
import type { Flow } from '../transport/index.ts';
import type { Admitted, CallerIdentity } from './admissions.ts';
import { sdpBody, sessionBody } from './body.ts';
import { Call } from './call.ts';
import type { CallHost } from './call-types.ts';
import { assertedIdentity, isWithheld } from './caller-identity.ts';
import { hasOptionTag } from './option-tags.ts';
import { peerReason } from './reason.ts';
import type { SavedIncomingInvite } from './saved-call.ts';
import { saveInvite } from './saved-invite.ts';

const RINGING = 180;

/** A reliable provisional response (RFC 3262). */
interface ReliableProgress {
  readonly status: number;
  readonly sdp: string | undefined;
}

/** The retransmission interval has no upper limit (RFC 3262 §3). */
const NO_LIMIT = Number.POSITIVE_INFINITY;

/** An incoming call. Answer it with `ring`, `progress`, `accept` or `reject`. A CANCEL ends it. */
export class IncomingCall extends Call {
  readonly direction = 'incoming';
  readonly identity: CallerIdentity;
  /** The caller's offer; undefined if it expects ours (delayed offer). */
  readonly offer: string | undefined;
  /** The same offer with encrypted audio, if the caller has sent both as alternatives. */
  readonly encryptedOffer: string | undefined;
  readonly request: SipRequest;
  /** The call that this one takes over (RFC 3891). The stack has checked that this caller may. Hang it up once this one is answered. */
  readonly replaced: Call | undefined;
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

  /** @throws {SipParseError} the INVITE cannot establish a dialog */
  constructor(
    host: CallHost,
    transaction: ServerInviteTransaction,
    flow: Flow,
    {
      identity,
      digest,
      hasReturnPath,
      replaced,
      gruu,
      earlier,
    }: Omit<Admitted, 'kind'> & {
      replaced?: Call | undefined;
      /** Ours at the trunk that the call came from. */
      gruu?: string | undefined;
      /** What an earlier process has answered with. */
      earlier?: Pick<SavedIncomingInvite, 'localTag' | 'sequence'>;
    },
  ) {
    const { request } = transaction;
    // A later call to our Contact shall reach the same destination.
    const contact = { user: contactUserOf(request.uri), gruu: isProxied(request) ? gruu : undefined };
    super(host, flow, digest, contact);
    this.#hasReturnPath = hasReturnPath;
    if (hasReturnPath) {
      this.#returnPath.resolve();
    }
    this.request = request;
    this.replaced = replaced;
    this.identity = identity;
    this.#transaction = transaction;
    this.#ownDialog = Dialog.ofRequest(request, earlier?.localTag ?? newTag());
    this.dialog = this.#ownDialog;
    const { remoteTarget } = this.#ownDialog;
    const phone = identity.kind === 'user' ? host.phoneOf(identity.username, remoteTarget, flow) : undefined;
    this.learnFlow(request, flow, phone);
    const body = sessionBody(request);
    this.offer = body.sdp;
    this.encryptedOffer = body.encryptedSdp;
    if (this.offer !== undefined) {
      this.session.receiveOffer(this.offer);
    }
    this.learnMethods(request);
    const requires = hasOptionTag(request.headers, 'require', '100rel');
    const supports = hasOptionTag(request.headers, 'supported', '100rel');
    this.#reliable = requires ? 'required' : supports ? 'supported' : 'no';
    // The sequence may start anywhere below 2^31 (RFC 3262 §3).
    this.#sequence = earlier?.sequence ?? Math.floor(host.random() * 2 ** 16);
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

  /** The dialled number in the Request-URI, without separators and parameters, or its unescaped user part. */
  get dialled(): string {
    return numberOrUser(this.request.uri);
  }

  get dialledUri(): string {
    return formatUri(this.request.uri);
  }

  /** The identity that the peer vouches for, if any. Trust it only from trunks. */
  get assertedIdentity(): NameAddr | undefined {
    return assertedIdentity(this.request.headers);
  }

  /** Whether the caller withholds name and number. */
  get withheld(): boolean {
    return isWithheld(this.request.headers, this.remote);
  }

  /**
   * Resolves when the caller has proved that it receives packets at its source address: at once if it logged in or uses a connection,
   * otherwise with its ACK or another request in the dialog, which contains our tag. Until then, no media must flow: a forged datagram
   * could direct it to a third party, or listen in (threat 52). Also resolves when the call ends.
   */
  returnPath(): Promise<void> {
    return this.#returnPath.promise;
  }

  /** What a later process needs to answer the INVITE; undefined if it cannot, or there is a final answer. */
  saveInvite(): SavedIncomingInvite | undefined {
    const { request, flow, identity } = this;
    const isOpen = this.#transaction.pending && !this.ended && !this.#acceptLater;
    // Early media, or the place of another call, is nothing that can be continued.
    const invite =
      isOpen && !this.replaced && this.localSdp === undefined ? saveInvite(request, flow) : undefined;
    return (
      invite && {
        ...invite,
        identity,
        hasReturnPath: this.#hasReturnPath,
        localTag: this.#ownDialog.localTag,
        sequence: this.#sequence,
      }
    );
  }

  override receive(...parts: Parameters<Call['receive']>): void {
    this.#confirmReturnPath();
    super.receive(...parts);
  }

  override receiveAck(...parts: Parameters<Call['receiveAck']>): void {
    this.#confirmReturnPath();
    super.receiveAck(...parts);
  }

  /** Sends 180 Ringing. */
  ring(): void {
    this.progress(RINGING);
  }

  /**
   * Sends a provisional response, with our SDP for early media (183) if given. It is sent reliably (RFC 3262) if the caller requires that,
   * or if it has SDP and the caller supports it; its PRACK then proves the return path. A caller who has not proved that and cannot this way
   * hears ringing instead: 180 without SDP (threat 52). Start the media after returnPath(). Does nothing once the call is answered.
   */
  progress(status: number, sdp?: string): void {
    if (!this.#transaction.pending || this.ended || this.#acceptLater) {
      return;
    }
    this.setState('early');
    const reliable = this.#reliable === 'required' || (this.#reliable === 'supported' && sdp !== undefined);
    if (!reliable) {
      const isSafe = sdp === undefined || this.#hasReturnPath;
      const shown = isSafe ? sdp : undefined;
      this.#transaction.respond(
        buildResponse(this.request, isSafe ? status : RINGING, {
          toTag: this.#ownDialog.localTag,
          headers: this.#fields(shown),
          body: sdpBody(shown).body,
        }),
      );
    } else if (this.#unacknowledged) {
      this.#queued.push({ status, sdp });
    } else {
      this.#sendReliable({ status, sdp });
    }
  }

  /**
   * Answers with our SDP: the answer, or the offer if the caller made none. Not needed if `progress` has sent it reliably. The event
   * `confirmed` follows with the ACK.
   */
  accept(sdp?: string): void {
    if (!this.#transaction.pending || this.ended || this.#acceptLater) {
      return;
    }
    // A 2xx must wait for the PRACK if the provisional response has SDP (RFC 3262 §3).
    if (this.#unacknowledged?.hasSdp) {
      this.#acceptLater = () => this.#accept(sdp);
      return;
    }
    this.#accept(sdp);
  }

  /** Refuses. Default 603 Decline. */
  reject(status = 603, options: { reason?: string; headers?: readonly HeaderField[] } = {}): void {
    if (!this.#transaction.pending || this.ended) {
      return;
    }
    this.#refuse(status, options);
    this.finish({ cause: 'local', status });
  }

  /** Sends 480 before the answer, and BYE afterwards, but not before the ACK (RFC 3261 §15). `why`: further fields of the BYE. */
  async hangUp(why: readonly HeaderField[] = []): Promise<void> {
    if (this.ended) {
      return;
    }
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
      if (this.ended) {
        return;
      }
    }
    const bye = this.sendBye(why);
    this.finish({ cause: 'local' });
    await bye;
  }

  override receiveCancel(transaction: ServerInviteTransaction, cancel: SipRequest): void {
    if (transaction !== this.#transaction) {
      super.receiveCancel(transaction, cancel);
    } else {
      this.#refuse(487);
      this.finish({ cause: 'cancelled', ...peerReason(cancel.headers) });
    }
  }

  protected override finish(end: Parameters<Call['finish']>[0]): void {
    const isRefused = !this.ended && this.state !== 'answered';
    super.finish(end);
    this.#returnPath.resolve();
    if (!isRefused || !this.#unacknowledged) {
      return;
    }
    const { clock, timers } = this.host;
    this.host.adopt(this.#ownDialog, this);
    clock.after(64 * timers.t1, () => this.host.drop(this.#ownDialog));
  }

  /** A BYE before the answer also ends the INVITE, with 487 (RFC 3261 §15.1.2). */
  protected override receiveBye(bye: SipRequest): void {
    if (this.#transaction.pending) {
      this.#refuse(487);
    }
    super.receiveBye(bye);
  }

  protected override receivePrack(request: SipRequest, transaction: ServerPlainTransaction): void {
    const waiting = this.#unacknowledged;
    if (!waiting || !this.#acknowledges(request, waiting.rseq)) {
      transaction.respond(buildResponse(request, 481));
      return;
    }
    const { sdp } = sessionBody(request);
    if (sdp === undefined || this.ended) {
      transaction.respond(buildResponse(request, 200));
    } else if (waiting.hasSdp && this.session.receiveAnswer(sdp)) {
      transaction.respond(buildResponse(request, 200));
    } else {
      this.receiveOffer('PRACK', request, transaction, (own) => sdpParts(own));
    }
    waiting.retransmission.stop();
    this.#unacknowledged = undefined;
    if (this.ended) {
      this.host.drop(this.#ownDialog);
    }
    const accept = this.#acceptLater;
    const next = this.#queued.shift();
    this.#acceptLater = undefined;
    if (accept) {
      accept();
    } else if (next && this.#transaction.pending) {
      this.#sendReliable(next);
    }
  }

  /** If the source may be forged, sends the BYE once, to that address only rather than to the Contact or route set (threat 52). */
  protected override async sendBye(headers: readonly HeaderField[] = []): Promise<void> {
    if (this.#hasReturnPath) {
      await super.sendBye(headers);
    } else {
      this.host.sendStateless(this.#ownDialog.request('BYE', this.host.userAgent), this.flow);
    }
  }

  #confirmReturnPath(): void {
    this.#hasReturnPath = true;
    this.#returnPath.resolve();
  }

  #acknowledges(request: SipRequest, rseq: number): boolean {
    try {
      const rack = parseRAck(request.headers.single('rack') ?? '');
      const { cseq } = this.request;
      return rack.rseq === rseq && rack.cseq.number === cseq.number && rack.cseq.method === 'INVITE';
    } catch (error) {
      if (error instanceof SipParseError) {
        return false;
      }
      throw error;
    }
  }

  #accept(sdp: string | undefined): void {
    if (this.ended || !this.#transaction.pending) {
      return;
    }
    this.#stopReliable();
    if (sdp !== undefined && this.session.state === 'remote-offer') {
      this.session.sendAnswer(sdp);
    } else if (sdp !== undefined && this.offer === undefined && this.session.local === undefined) {
      this.session.sendOffer(sdp);
    }
    this.#ownDialog.confirmed = true;
    this.setState('answered');
    const parts = {
      toTag: this.#ownDialog.localTag,
      headers: [...this.#fields(sdp), ...this.keeper.answered(this.request)],
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
    // If the caller made no offer, a reliable response may contain ours (RFC 3262 §5).
    if (sdp !== undefined && this.session.state === 'remote-offer') {
      this.session.sendAnswer(sdp);
    } else if (sdp !== undefined && this.session.state === 'stable' && this.session.local === undefined) {
      this.session.sendOffer(sdp);
    }
    const response = buildResponse(this.request, status, {
      toTag: this.#ownDialog.localTag,
      headers: [['require', '100rel'], ['rseq', String(rseq)], ...this.#fields(sdp)],
      body: sdpBody(sdp).body,
    });
    const retransmission = new Retransmission({
      clock: this.host.clock,
      timers: this.host.timers,
      maxMs: NO_LIMIT,
      send: () => this.#transaction.respond(response),
      onGivenUp: () => {
        this.#unacknowledged = undefined;
        this.#refuse(504);
        this.finish({ cause: 'timeout', reason: 'a provisional response was not acknowledged' });
      },
    });
    this.#unacknowledged = { rseq, hasSdp: sdp !== undefined, retransmission };
  }

  /** Stops retransmitting. A late PRACK is still answered (RFC 3262 §3). */
  #stopReliable(): void {
    this.#unacknowledged?.retransmission.stop();
    this.#acceptLater = undefined;
    this.#queued.length = 0;
  }

  #fields(sdp: string | undefined): HeaderField[] {
    return this.sessionFields(sdp).headers;
  }
}

function sdpParts(sdp: string | undefined): ResponseParts {
  const { fields, body } = sdpBody(sdp);
  return { headers: fields, body };
}

/** The dialled user part, as on the wire; for a tel URI, its number. */
function contactUserOf(uri: Uri): string | undefined {
  if (uri.scheme === 'sip' || uri.scheme === 'sips') {
    return uri.user;
  }
  return uri.scheme === 'tel' ? encodeUser(decodeUser(uri)) : undefined;
}

/**
 * Whether a proxy stays in the path. Only then does our GRUU lead back to us: its registrar's proxy resolves it, while a caller who reached us
 * directly, e.g. from the same address, may not.
 */
function isProxied({ headers }: SipRequest): boolean {
  return headers.get('record-route') !== undefined;
}
