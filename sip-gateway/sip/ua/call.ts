import { EventEmitter } from 'node:events';
import { type Dialog, OfferAnswer, Retransmission } from '../dialog/index.ts';
import {
  buildResponse,
  formatNameAddr,
  formatUri,
  type HeaderField,
  type NameAddr,
  numberOrUser,
  type Replaces,
  type ResponseParts,
  type SipMessage,
  type SipRequest,
  type SipResponse,
  tagOf,
  type Uri,
} from '../message/index.ts';
import { SdpError } from '../sdp/index.ts';
import type { ServerInviteTransaction, ServerPlainTransaction } from '../transaction/index.ts';
import { behindNat, type Flow } from '../transport/index.ts';
import type { CallerIdentity } from './admissions.ts';
import { sdpBody, sessionBody } from './body.ts';
import type {
  CallEnd,
  CallEvents,
  CallHost,
  CallState,
  MaybeDigest,
  OwnContact,
  PeerPlace,
} from './call-types.ts';
import { InDialogClient, type Outcome } from './in-dialog-client.ts';
import { ACCEPTED_INFO, infoDigits, infoType } from './info.ts';
import { OfferRequest } from './offer-request.ts';
import { hasOptionTag, unsupportedFields } from './option-tags.ts';
import { readRefer } from './read-refer.ts';
import { peerReason } from './reason.ts';
import { ReferNotifier } from './refer-notifier.ts';
import { ReferRequest } from './refer-request.ts';
import { type Answer, type ReferResult, ReferUsages } from './refer-usages.ts';
import type { FollowedPhone } from './registrar.ts';
import type { SavedCall } from './saved-call.ts';
import { SessionKeeper } from './session-keeper.ts';
import { sessionTooShort } from './session-timer.ts';

/** Maximum number of attempts of a re-INVITE that gets 491. */
const GLARE_ATTEMPTS = 4;

/** We send no NOTIFY, as the peer wishes (RFC 4488 §4). */
const NO_SUBSCRIPTION: HeaderField = ['refer-sub', 'false'];

/** A sent 2xx that waits for its ACK. */
interface AwaitedAck {
  readonly sequence: number;
  readonly retransmission: Retransmission;
  readonly onAck: () => void;
}

/** The session could not be changed: the peer refused with `status`, or the state of the call forbids it (no status). */
class SessionChangeFailed extends Error {
  override readonly name = 'SessionChangeFailed';
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

/**
 * A call: one INVITE session, from its first request to its end (RFC 3261 §13–15, RFC 3264, RFC 3311). This class handles everything
 * inside the dialog, which is the same for both directions. Closure contract: `hangUp()` or the peer ends the call; it then has no timers
 * and no dialog, and has emitted `end` once.
 */
export abstract class Call extends EventEmitter<CallEvents> {
  protected readonly host: CallHost;
  protected readonly session = new OfferAnswer();
  protected readonly digest: MaybeDigest;
  protected dialog: Dialog | undefined;
  readonly #contact: OwnContact;
  #peer: PeerPlace;
  #state: CallState = 'starting';
  #awaitedAck: AwaitedAck | undefined;
  #ownChange = false;
  #peerChange: { transaction: ServerInviteTransaction; request: OfferRequest } | undefined;
  #client: InDialogClient | undefined;
  /** Whether the peer's Allow field lists UPDATE. */
  #supportsUpdate = false;
  readonly #referrals: ReferUsages;
  protected readonly keeper: SessionKeeper;

  protected constructor(host: CallHost, flow: Flow, digest: MaybeDigest, contact: OwnContact) {
    super();
    this.host = host;
    this.#contact = contact;
    this.digest = digest;
    this.#peer = { flow, atMs: host.clock.now(), direct: false };
    this.#referrals = new ReferUsages(host.clock);
    this.keeper = new SessionKeeper({
      clock: host.clock,
      refresh: () => this.#refreshSession(),
      ping: () => this.client().request('OPTIONS', [], undefined),
      onGone: (end) => this.#byeAndEnd(end),
    });
  }

  abstract readonly direction: 'incoming' | 'outgoing';
  abstract readonly callId: string;
  /** The other party. Untrusted text. */
  abstract readonly remote: NameAddr;
  abstract readonly local: NameAddr;
  /** Whose call it is: the authenticated caller, or whom we called. */
  abstract readonly identity: CallerIdentity;

  get state(): CallState {
    return this.#state;
  }

  /** The other party's number, without separators and parameters, or its unescaped user part. */
  get remoteUser(): string {
    return numberOrUser(this.remote.uri);
  }

  get remoteUri(): string {
    return formatUri(this.remote.uri);
  }

  protected get flow(): Flow {
    return this.#peer.flow;
  }

  /** Source of the peer's signalling. */
  get source(): { protocol: Flow['protocol']; address: string; port: number } {
    return { protocol: this.flow.protocol, ...this.flow.remote };
  }

  /**
   * The certificates of a phone of ours, DER, leaf first: it has presented them on the connection of this call. Empty if it has none, and
   * behind a proxy, whose certificates would say nothing about the phone.
   */
  get deviceCertificates(): readonly Buffer[] {
    const { flow, direct, phone } = this.#peer;
    const isDirect = direct || (phone !== undefined && this.dialog?.routeSet.length === 0);
    return this.identity.kind === 'user' && isDirect ? (flow.peerCertificates?.() ?? []) : [];
  }

  /** Our side of the current session. */
  get localSdp(): string | undefined {
    return this.session.local;
  }

  /** The peer's side of the current session. */
  get remoteSdp(): string | undefined {
    return this.session.remote;
  }

  /** Ends the call with CANCEL, a refusal or BYE, depending on its state. Idempotent; resolves when the peer has answered. */
  abstract hangUp(why?: readonly HeaderField[]): Promise<void>;

  /**
   * Offers a changed session (hold, new address) by re-INVITE; resolves with the peer's answer. Retries after glare (491; RFC 3261 §14.1).
   * @throws {SessionChangeFailed} the peer refused, or the state of the call forbids it
   */
  async reinvite(sdp: string): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      const response = await this.#offer('INVITE', sdp);
      if (response.status < 300) {
        return this.session.remote ?? '';
      }
      if (response.status !== 491 || attempt === GLARE_ATTEMPTS) {
        throw new SessionChangeFailed(`${response.status} ${response.reason}`, response.status);
      }
      await this.#glarePause();
    }
  }

  /**
   * Offers a changed session by UPDATE (RFC 3311); resolves with the peer's answer.
   * @throws {SessionChangeFailed} the peer refused, or the state of the call forbids it
   */
  async update(sdp: string): Promise<string> {
    const response = await this.#offer('UPDATE', sdp);
    if (response.status >= 300) {
      throw new SessionChangeFailed(`${response.status} ${response.reason}`, response.status);
    }
    return this.session.remote ?? '';
  }

  /** Sends an INFO; resolves with the status of the response. @throws {SessionChangeFailed} the call is not answered */
  async info(contentType: string, body: Buffer): Promise<number> {
    if (this.#state !== 'answered') {
      throw new SessionChangeFailed('the call is not answered');
    }
    const outcome = await this.client().request('INFO', [['content-type', contentType]], body);
    return outcome.status;
  }

  /**
   * Asks the peer to call someone in our place (REFER, RFC 3515): `referTo` is the value of Refer-To. Resolves with the outcome: the status
   * of its call or of its refusal, 202 if it will not tell, 408 if it does not in time.
   *
   * @throws {SessionChangeFailed} the call is not answered, or another REFER is in progress
   */
  async refer(referTo: string): Promise<ReferResult> {
    if (this.#state !== 'answered' || this.#referrals.isReferring) {
      throw new SessionChangeFailed('the call cannot be transferred now');
    }
    const headers: HeaderField[] = [...this.sessionFields(undefined).headers, ['refer-to', referTo]];
    return this.#referrals.refer(() => this.client().request('REFER', headers, undefined));
  }

  /** What an INVITE with Replaces (RFC 3891) must name to take over the peer's side of this call; undefined before the answer. */
  get replaces(): Replaces | undefined {
    const fromTag = this.dialog?.localTag;
    const toTag = this.dialog && tagOf(this.dialog.remote);
    return this.#state === 'answered' && fromTag !== undefined && toTag !== undefined
      ? { callId: this.callId, toTag, fromTag, earlyOnly: false }
      : undefined;
  }

  /** Where the peer receives requests of this call. */
  get remoteTarget(): Uri | undefined {
    return this.dialog?.remoteTarget;
  }

  /** Starts or stops checking the peer every minute, and ends the call if it is gone. For calls on hold, which send no media. */
  watch(on: boolean): void {
    this.keeper.watch(on);
  }

  /** Handles a request inside the dialog. The stack calls this. */
  receive(
    request: SipRequest,
    transaction: ServerInviteTransaction | ServerPlainTransaction,
    flow: Flow,
  ): void {
    const dialog = this.dialog;
    if (!dialog || this.#state === 'ended') {
      // A late PRACK is still answered (RFC 3262 §3).
      if (request.method === 'PRACK') {
        this.receivePrack(request, transaction as ServerPlainTransaction);
      } else if (this.#state === 'early') {
        this.#receiveEarly(request, transaction);
      } else {
        transaction.respond(buildResponse(request, 481));
      }
      return;
    }
    if (!dialog.accepts(request)) {
      transaction.respond(buildResponse(request, 500, { reason: 'CSeq Out Of Order' }));
      return;
    }
    const unsupported = unsupportedFields(request);
    if (unsupported.length > 0 && request.method !== 'BYE') {
      transaction.respond(buildResponse(request, 420, { headers: unsupported }));
      return;
    }
    this.learnFlow(request, flow);
    this.learnMethods(request);
    switch (request.method) {
      case 'INVITE':
        this.#receiveReinvite(request, transaction as ServerInviteTransaction);
        break;
      case 'UPDATE':
        this.#receiveUpdate(request, transaction as ServerPlainTransaction);
        break;
      case 'BYE':
        transaction.respond(buildResponse(request, 200));
        this.receiveBye(request);
        break;
      case 'INFO':
        this.#receiveInfo(request, transaction as ServerPlainTransaction);
        break;
      case 'PRACK':
        this.receivePrack(request, transaction as ServerPlainTransaction);
        break;
      case 'REFER':
        this.#receiveRefer(request, transaction as ServerPlainTransaction);
        break;
      case 'SUBSCRIBE':
        this.#answer(request, transaction, this.#referrals.receiveSubscribe(request));
        break;
      case 'NOTIFY':
        this.#answer(request, transaction, this.#referrals.receiveNotify(request));
        break;
      case 'OPTIONS':
        transaction.respond(buildResponse(request, 200, { headers: this.host.capabilities }));
        break;
      default:
        transaction.respond(buildResponse(request, 405, { headers: this.host.capabilities }));
    }
  }

  /** Handles an ACK inside the dialog. The stack calls this. */
  receiveAck(request: SipRequest, flow: Flow): void {
    const awaited = this.#awaitedAck;
    if (awaited?.sequence !== request.cseq.number) {
      return;
    }
    this.#awaitedAck = undefined;
    awaited.retransmission.stop();
    this.learnFlow(request, flow);
    const { sdp } = sessionBody(request);
    if (this.session.state === 'local-offer') {
      if (sdp !== undefined && this.session.receiveAnswer(sdp)) {
        this.emit('answer', sdp);
      } else {
        // Our offer in the 2xx must be answered by the ACK (RFC 3261 §13.2.2.4).
        this.session.rollback();
        this.#byeAndEnd({ cause: 'protocol', reason: 'the ACK has no answer' });
      }
    }
    awaited.onAck();
  }

  /** Handles a CANCEL of a pending INVITE of this call. The stack calls this. */
  receiveCancel(transaction: ServerInviteTransaction, _cancel: SipRequest): void {
    if (this.#peerChange?.transaction !== transaction) {
      return;
    }
    const { request } = this.#peerChange;
    this.#peerChange = undefined;
    request.withdraw();
    this.session.rollback();
    transaction.respond(buildResponse(transaction.request, 487));
  }

  /** Handles a 2xx to our INVITE whose transaction has ended. The stack calls this. */
  receiveStray(response: SipResponse): void {
    this.#client?.acknowledgeAgain(response);
  }

  /** What a later process needs to continue this call; undefined unless it is answered and its session is not being changed. */
  save(): SavedCall | undefined {
    const { dialog, direction, identity, session } = this;
    if (this.#state !== 'answered' || !this.#isSettled || this.#referrals.isReferring || !dialog) {
      return undefined;
    }
    const { flow, direct, phone } = this.#peer;
    return {
      direction,
      identity,
      remote: formatNameAddr(this.remote),
      local: formatNameAddr(this.local),
      dialog: dialog.save(),
      localSdp: session.local,
      remoteSdp: session.remote,
      contact: this.#contact,
      supportsUpdate: this.#supportsUpdate,
      wasReferred: this.#referrals.wasReferred,
      terms: this.keeper.terms,
      place: {
        protocol: flow.protocol,
        ...flow.remote,
        advertised: { ...flow.advertised },
        direct,
        phone: phone?.save(),
      },
    };
  }

  /** Takes over what an earlier process has saved, apart from the dialog. */
  protected resume(saved: SavedCall, phone: FollowedPhone | undefined): void {
    this.#peer = { ...this.#peer, direct: saved.place.direct, phone };
    this.#supportsUpdate = saved.supportsUpdate;
    this.#referrals.wasReferred = saved.wasReferred;
    this.session.restore(saved.localSdp, saved.remoteSdp);
    this.keeper.resume(saved.terms);
    this.#state = 'answered';
  }

  protected setState(state: Exclude<CallState, 'ended'>): void {
    if (this.#state !== 'ended') {
      this.#state = state;
    }
  }

  protected get ended(): boolean {
    return this.#state === 'ended';
  }

  /** The client for requests in the current dialog. */
  protected client(): InDialogClient {
    if (!this.dialog) {
      throw new SessionChangeFailed('the call has no dialog');
    }
    this.#client ??= new InDialogClient(this.host, this.dialog, this.digest, () => this.#peer);
    return this.#client;
  }

  /** Sets where requests to the peer are sent. */
  protected set peer(peer: PeerPlace) {
    this.#peer = peer;
  }

  /** Remembers the flow of the peer's request for our later requests. */
  protected learnFlow(request: SipRequest, flow: Flow, phone = this.#peer.phone): void {
    const direct = request.vias.length === 1 && (flow.reliable || behindNat(request.vias[0], flow.remote));
    this.#peer = { flow, atMs: this.host.clock.now(), direct, phone };
  }

  /** Remembers whether the peer supports UPDATE. */
  protected learnMethods({ headers }: SipMessage): void {
    if (headers.has('allow')) {
      this.#supportsUpdate = headers.tokens('allow').includes('UPDATE');
    }
  }

  /** Header fields and body of an INVITE, an UPDATE or a 2xx to one. */
  protected sessionFields(sdp: string | undefined): { headers: HeaderField[]; body?: Buffer } {
    const { fields, body } = sdpBody(sdp);
    return {
      headers: [this.host.contactFor(this.flow, this.#contact), ...this.host.capabilities, ...fields],
      body,
    };
  }

  /** Answers an INVITE with 200 and retransmits that until the ACK arrives. Without an ACK the call ends (threat 20). */
  protected sendAccepted(
    transaction: ServerInviteTransaction,
    parts: ResponseParts,
    onAck: () => void = () => {},
  ): void {
    const { request } = transaction;
    const response = buildResponse(request, 200, parts);
    const retransmission = new Retransmission({
      clock: this.host.clock,
      timers: this.host.timers,
      maxMs: this.host.timers.t2,
      send: () => transaction.respond(response),
      onGivenUp: () => {
        this.#awaitedAck = undefined;
        this.#byeAndEnd({ cause: 'no-ack', reason: 'the peer never acknowledged the answer' });
      },
    });
    this.#awaitedAck = { sequence: request.cseq.number, retransmission, onAck };
  }

  protected get awaitsAck(): boolean {
    return this.#awaitedAck !== undefined;
  }

  /** The peer hung up. */
  protected receiveBye({ headers }: SipRequest): void {
    this.finish({ cause: 'remote', ...peerReason(headers) });
  }

  protected receivePrack(request: SipRequest, transaction: ServerPlainTransaction): void {
    transaction.respond(buildResponse(request, 481));
  }

  /** Sends BYE; resolves when it is answered or has timed out. */
  protected async sendBye(headers: readonly HeaderField[] = []): Promise<void> {
    try {
      await this.client().request('BYE', headers, undefined);
    } catch {
      // The peer is unreachable. The call ends anyway.
    }
  }

  /** Stops everything and emits `end`. Idempotent. */
  protected finish(end: CallEnd): void {
    if (this.#state === 'ended') {
      return;
    }
    this.#state = 'ended';
    this.keeper.stop();
    this.#referrals.close();
    this.#awaitedAck?.retransmission.stop();
    this.#awaitedAck = undefined;
    if (this.#peerChange) {
      const { request, transaction } = this.#peerChange;
      request.withdraw();
      transaction.respond(buildResponse(transaction.request, 487));
      this.#peerChange = undefined;
    }
    if (this.dialog) {
      this.host.drop(this.dialog);
    }
    this.emit('end', end);
  }

  #byeAndEnd(end: CallEnd): void {
    if (this.ended) {
      return;
    }
    void this.sendBye();
    this.finish(end);
  }

  async #offer(method: 'INVITE' | 'UPDATE', sdp: string): Promise<Outcome> {
    if (this.#state !== 'answered') {
      throw new SessionChangeFailed('the call is not answered');
    }
    if (!this.#isSettled) {
      throw new SessionChangeFailed('another change of the session is in progress');
    }
    this.#ownChange = true;
    this.session.sendOffer(sdp);
    try {
      const outcome = await this.#change(method, sdp);
      const { response } = outcome;
      if (this.ended) {
        throw new SessionChangeFailed('the call ended');
      }
      if (response && outcome.status < 300) {
        const answer = sessionBody(response).sdp;
        if (answer === undefined || !this.session.receiveAnswer(answer)) {
          this.#byeAndEnd({ cause: 'protocol', reason: 'an offer was not answered' });
        }
      }
      return outcome;
    } finally {
      this.session.rollback();
      this.#ownChange = false;
    }
  }

  get #isSettled(): boolean {
    return !this.#ownChange && !this.#peerChange && !this.#awaitedAck && this.session.state === 'stable';
  }

  /** Refreshes the session (RFC 4028 §7.4) by UPDATE or, if the peer does not support it, re-INVITE. Undefined: not possible now. */
  async #refreshSession(): Promise<Outcome | undefined> {
    const { local } = this.session;
    if (this.#state !== 'answered' || !this.#isSettled) {
      return undefined;
    }
    if (this.#supportsUpdate) {
      const outcome = await this.#change('UPDATE', undefined);
      if (outcome.status !== 405 && outcome.status !== 501) {
        return outcome;
      }
      this.#supportsUpdate = false;
    }
    return local === undefined ? undefined : this.#offer('INVITE', local);
  }

  /** Sends a re-INVITE or UPDATE; if the peer no longer knows the dialog, the call ends (RFC 3261 §12.2.1.2). */
  async #change(method: 'INVITE' | 'UPDATE', sdp: string | undefined): Promise<Outcome> {
    const { headers, body } = this.sessionFields(sdp);
    const outcome = await this.client().request(method, [...headers, ...this.keeper.requestFields], body);
    const { response, status, reason } = outcome;
    if (this.ended) {
      return outcome;
    }
    if (response && status < 300) {
      this.dialog?.refreshTarget(response);
      this.learnMethods(response);
      this.keeper.confirmed(response);
    } else if (status === 408 || status === 481) {
      this.#byeAndEnd({ cause: 'timeout', status, reason });
    }
    return outcome;
  }

  /** The side that chose the Call-ID waits 2.1–4 s, the other one 0–2 s, in steps of 10 ms (RFC 3261 §14.1). */
  #glarePause(): Promise<void> {
    const steps = Math.floor(this.host.random() * (this.direction === 'outgoing' ? 191 : 201));
    const milliseconds = (this.direction === 'outgoing' ? 2100 : 0) + steps * 10;
    return new Promise((resolve) => {
      this.host.clock.after(milliseconds, resolve);
    });
  }

  /** Handles a callee's request before its answer. The early dialog exists, and a 481 would end it (RFC 3261 §12.2.1.2). */
  #receiveEarly(request: SipRequest, transaction: ServerInviteTransaction | ServerPlainTransaction): void {
    const respond = (status: number, headers: readonly HeaderField[] = this.host.capabilities) =>
      transaction.respond(buildResponse(request, status, { headers }));
    switch (request.method) {
      case 'INVITE':
      case 'UPDATE':
        // The first offer is not yet answered (RFC 3311 §5.2).
        respond(500, [['retry-after', '3']]);
        break;
      case 'OPTIONS':
      case 'INFO':
        respond(200);
        break;
      case 'BYE':
        // A callee must refuse the INVITE instead (RFC 3261 §15).
        respond(481);
        break;
      default:
        respond(405);
    }
  }

  #receiveReinvite(request: SipRequest, transaction: ServerInviteTransaction): void {
    const respond = (status: number, parts?: ResponseParts) =>
      transaction.respond(buildResponse(request, status, parts));
    const tooShort = sessionTooShort(request);
    if (tooShort) {
      respond(422, { headers: [tooShort] });
      return;
    }
    if (this.#state !== 'answered' || this.#peerChange || this.#awaitedAck) {
      // A second INVITE while the first one is pending (RFC 3261 §14.2).
      respond(500, { headers: [['retry-after', String(Math.floor(this.host.random() * 11))]] });
      return;
    }
    if (this.#ownChange) {
      respond(491);
      return;
    }
    const body = sessionBody(request);
    const { sdp, unsupported } = body;
    if (unsupported) {
      respond(415, { headers: [['accept', 'application/sdp']] });
      return;
    }
    if (sdp !== undefined) {
      const verdict = this.session.receiveOffer(sdp);
      if (verdict !== 'accepted') {
        respond(verdict);
        return;
      }
    }
    const accept = (own: string) => {
      this.#peerChange = undefined;
      this.dialog?.refreshTarget(request);
      if (sdp === undefined) {
        this.session.sendOffer(own);
      } else {
        this.session.sendAnswer(own);
      }
      this.sendAccepted(transaction, this.#answerFields(request, own));
    };
    const reject = (status: number, headers: readonly HeaderField[]) => {
      this.#peerChange = undefined;
      this.session.rollback();
      respond(status, { headers });
    };
    const offer = new OfferRequest('INVITE', body, accept, reject);
    this.#peerChange = { transaction, request: offer };
    this.#emitOffer(offer);
  }

  /** Emits an offer. Refuses it if there is no listener or one throws SdpError. */
  #emitOffer(offer: OfferRequest): void {
    try {
      if (!this.emit('offer', offer)) {
        throw new SdpError('the session cannot be changed');
      }
    } catch (error) {
      if (!(error instanceof SdpError)) {
        throw error;
      }
      offer.reject(error.status, [error.warningField]);
    }
  }

  /** Header fields and body of the 2xx to a re-INVITE or UPDATE. */
  #answerFields(request: SipRequest, sdp: string | undefined): { headers: HeaderField[]; body?: Buffer } {
    const { headers, body } = this.sessionFields(sdp);
    return { headers: [...headers, ...this.keeper.answered(request)], body };
  }

  #receiveUpdate(request: SipRequest, transaction: ServerPlainTransaction): void {
    const tooShort = sessionTooShort(request);
    if (tooShort) {
      transaction.respond(buildResponse(request, 422, { headers: [tooShort] }));
    } else {
      this.receiveOffer('UPDATE', request, transaction, (sdp) => this.#answerFields(request, sdp));
    }
  }

  /** Answers an UPDATE or a valid PRACK: at once if it has no offer, otherwise when the `offer` listener decides. */
  protected receiveOffer(
    method: 'UPDATE' | 'PRACK',
    request: SipRequest,
    transaction: ServerPlainTransaction,
    fields: (sdp: string | undefined) => ResponseParts,
  ): void {
    const respond = (status: number, parts?: ResponseParts) =>
      transaction.respond(buildResponse(request, status, parts));
    const body = sessionBody(request);
    const { sdp, unsupported } = body;
    if (unsupported) {
      respond(415, { headers: [['accept', 'application/sdp']] });
      return;
    }
    if (sdp === undefined) {
      this.dialog?.refreshTarget(request);
      respond(200, fields(undefined));
      return;
    }
    const verdict = this.session.receiveOffer(sdp);
    if (verdict !== 'accepted') {
      respond(verdict, verdict === 500 ? { headers: [['retry-after', '3']] } : undefined);
      return;
    }
    const accept = (own: string) => {
      this.dialog?.refreshTarget(request);
      this.session.sendAnswer(own);
      respond(200, fields(own));
    };
    const reject = (status: number, headers: readonly HeaderField[]) => {
      this.session.rollback();
      respond(status, { headers });
    };
    this.#emitOffer(new OfferRequest(method, body, accept, reject));
  }

  #receiveInfo(request: SipRequest, transaction: ServerPlainTransaction): void {
    const digits = infoDigits(request);
    const contentType = infoType(request);
    for (const digit of digits ?? []) {
      this.emit('dtmf', digit);
    }
    if (
      digits === undefined &&
      request.body.length > 0 &&
      !this.emit('info', { contentType, body: request.body })
    ) {
      transaction.respond(buildResponse(request, 415, { headers: [['accept', ACCEPTED_INFO]] }));
      return;
    }
    transaction.respond(buildResponse(request, 200));
  }

  /** Answers a request about a subscription. */
  #answer(
    request: SipRequest,
    transaction: ServerInviteTransaction | ServerPlainTransaction,
    { status, headers = [], afterwards = () => {} }: Answer,
  ): void {
    this.dialog?.refreshTarget(request);
    const fields = status < 300 ? this.sessionFields(undefined).headers : [];
    transaction.respond(buildResponse(request, status, { headers: [...fields, ...headers] }));
    afterwards();
  }

  #receiveRefer(request: SipRequest, transaction: ServerPlainTransaction): void {
    const content = readRefer(request);
    if ('status' in content) {
      transaction.respond(buildResponse(request, content.status, { reason: content.reason }));
      return;
    }
    const accept = () => {
      const isSilent = content.quiet && !hasOptionTag(request.headers, 'require', 'nosub');
      transaction.respond(
        buildResponse(request, 202, {
          headers: [...this.sessionFields(undefined).headers, ...(isSilent ? [NO_SUBSCRIPTION] : [])],
        }),
      );
      const id = this.#referrals.idOf(request.cseq.number);
      const notifier = new ReferNotifier({
        clock: this.host.clock,
        id,
        quiet: content.quiet,
        send: (headers, body) =>
          this.client().request('NOTIFY', [...this.sessionFields(undefined).headers, ...headers], body),
      });
      this.#referrals.add(id, notifier);
      return notifier;
    };
    const refer = new ReferRequest(content, accept, (status, reason) =>
      transaction.respond(buildResponse(request, status, { reason })),
    );
    if (this.#state !== 'answered' || !this.emit('refer', refer)) {
      refer.reject();
    }
  }
}
