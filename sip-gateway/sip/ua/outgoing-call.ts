import { ChallengeRefused } from '../auth/index.ts';
import { Dialog } from '../dialog/index.ts';
import {
  buildRequest,
  formatUri,
  type HeaderField,
  type NameAddr,
  SipParseError,
  type SipRequest,
  type SipResponse,
  tagOf,
  type Uri,
} from '../message/index.ts';
import { newCallId } from '../tokens.ts';
import type { ClientTransaction, Timer } from '../transaction/index.ts';
import type { Flow } from '../transport/index.ts';
import { sdpBody, sessionBody } from './body.ts';
import { Call } from './call.ts';
import type { CallHost, MaybeDigest } from './call-types.ts';
import { InDialogClient } from './in-dialog-client.ts';

/** Makes the answer to an offer that the callee made. */
export type Answerer = (offer: string) => string | Promise<string>;

/** A way to a callee: the Request-URI, and the flow, opened when its turn comes. */
export interface Way {
  readonly uri: Uri;
  /** Of the next hop. */
  readonly address: string;
  readonly open: () => Flow | undefined;
}

export interface OutgoingCallParts {
  /** Our address, with a tag. */
  readonly from: NameAddr;
  readonly to: NameAddr;
  /** Our offer; without one the callee is asked to offer, and `answer` answers it. */
  readonly sdp?: string;
  readonly answer?: Answerer;
  readonly headers: readonly HeaderField[];
  /** How long it may ring, in seconds. */
  readonly ringSeconds: number;
  /** Best first; the next is tried where one fails (RFC 3263 §4.3). */
  readonly ways: readonly Way[];
}

/** One early dialog of a fork (RFC 3261 §13.2.2.1). */
interface Fork {
  readonly dialog: Dialog;
  /** The last RSeq that was acknowledged (RFC 3262 §4). */
  rseq: number | undefined;
  /** What the callee said of our offer while ringing. */
  sdp: string | undefined;
}

/** Statuses after which the next way is tried (RFC 3263 §4.3). */
const FAILOVER = new Set([503]);
/** Most forks that a call follows. */
const MAX_FORKS = 12;

/** A call that we make. It begins at once; `progress`, `answered` and `end` tell how it goes. */
export class OutgoingCall extends Call {
  readonly direction = 'outgoing';
  readonly callId = newCallId();
  readonly #parts: OutgoingCallParts;
  readonly #forks = new Map<string, Fork>();
  #sequence = 0;
  #way = 0;
  #challenged = 0;
  #transaction: ClientTransaction | undefined;
  #provisional = false;
  #winner: string | undefined;
  #cancelled: 'local' | 'timeout' | undefined;
  #ringTimer: Timer | undefined;
  #cancelTimer: Timer | undefined;

  constructor(host: CallHost, first: Flow, parts: OutgoingCallParts, digest: MaybeDigest) {
    super(host, first, digest);
    this.#parts = parts;
  }

  get remote(): NameAddr {
    return this.#parts.to;
  }

  get local(): NameAddr {
    return this.#parts.from;
  }

  /** For the stack, once. */
  begin(): void {
    const { ringSeconds } = this.#parts;
    this.#ringTimer = this.host.clock.after(ringSeconds * 1000, () => this.#cancel('timeout'));
    this.#invite();
  }

  /** CANCEL before the answer, BYE after. */
  async hangUp(): Promise<void> {
    if (this.ended) return;
    if (this.state !== 'answered') {
      this.#cancel('local');
      await new Promise<void>((resolve) => {
        this.once('end', () => resolve());
      });
      return;
    }
    const bye = this.sendBye();
    this.finish({ cause: 'local' });
    await bye;
  }

  override receiveStray(response: SipResponse): void {
    if (tagOf(response.to) === this.#winner) super.receiveStray(response);
    else void this.#endFork(response);
  }

  protected override finish(end: Parameters<Call['finish']>[0]): void {
    this.#ringTimer?.cancel();
    this.#cancelTimer?.cancel();
    super.finish(end);
    for (const [tag, { dialog }] of this.#forks) if (tag !== this.#winner) this.host.drop(dialog);
    this.#forks.clear();
  }

  #invite(): void {
    const { from, to, sdp, ways } = this.#parts;
    const way = ways[this.#way];
    const flow = way?.open();
    if (!way || !flow) {
      this.#failover({ status: 503, reason: 'Service Unavailable' });
      return;
    }
    this.flow = flow;
    if (sdp !== undefined) this.session.sendOffer(sdp);
    this.#sequence++;
    this.#provisional = false;
    const draft = buildRequest({
      method: 'INVITE',
      uri: way.uri,
      from,
      to,
      callId: this.callId,
      cseq: { number: this.#sequence, method: 'INVITE' },
      headers: [
        ...(this.digest?.authorize('INVITE', formatUri(way.uri), flow.remote.address) ?? []),
        this.host.contactFor(flow),
        ...this.host.capabilities,
        ...this.host.userAgent,
        ...this.#parts.headers,
        ...sdpBody(sdp).fields,
      ],
      body: sdpBody(sdp).body,
    });
    const transaction = this.host.send(draft, flow, {
      onResponse: (response) => this.#receiveResponse(response, flow),
      onFailure: (reason) =>
        this.#failover(
          reason === 'timeout'
            ? { status: 408, reason: 'Request Timeout' }
            : { status: 503, reason: 'Service Unavailable' },
        ),
    });
    this.#transaction = transaction;
  }

  /** Tries the next way; where there is none, the call has failed. */
  #failover(outcome: { status: number; reason: string; response?: SipResponse }): void {
    if (this.ended || this.state === 'answered') return;
    if (this.#cancelled) {
      this.#endCancelled();
      return;
    }
    if (this.#way + 1 < this.#parts.ways.length && this.state === 'starting') {
      this.#way++;
      this.#invite();
      return;
    }
    const cause = outcome.response ? 'refused' : outcome.status === 408 ? 'timeout' : 'transport';
    this.finish({ cause, status: outcome.status, reason: outcome.reason });
  }

  #receiveResponse(response: SipResponse, flow: Flow): void {
    const { status, reason } = response;
    if (status < 200) this.#receiveProvisional(response, flow);
    else if (status < 300) void this.#receiveSuccess(response, flow);
    else if (this.ended) return;
    else if (this.#cancelled) this.#endCancelled();
    else if ((status === 401 || status === 407) && this.#answerChallenge(response, flow)) this.#invite();
    else if (FAILOVER.has(status)) this.#failover({ status, reason, response });
    else this.finish({ cause: 'refused', status, reason });
  }

  /** Two rounds at most: a proxy's and the callee's, or a stale nonce. */
  #answerChallenge(response: SipResponse, flow: Flow): boolean {
    // Credentials go only to the peer that we asked (threat 18).
    if (!this.digest || this.#challenged >= 2 || flow !== this.flow) return false;
    this.#challenged++;
    try {
      this.digest.learn(response, flow.remote.address);
      return true;
    } catch (error) {
      if (error instanceof ChallengeRefused) return false;
      throw error;
    }
  }

  #receiveProvisional(response: SipResponse, flow: Flow): void {
    if (this.ended) return;
    const first = !this.#provisional;
    this.#provisional = true;
    // A CANCEL has to wait for a provisional response (RFC 3261 §9.1).
    if (this.#cancelled) {
      if (first) this.#sendCancel();
      return;
    }
    if (response.status === 100 || this.state === 'answered') return;
    this.setState('early');
    const fork = this.#forkOf(response);
    const { sdp } = sessionBody(response);
    if (fork) {
      if (sdp !== undefined) fork.sdp = sdp;
      if (!this.#acknowledgeProvisional(response, fork, flow, sdp)) return;
    }
    this.emit('progress', {
      status: response.status,
      reason: response.reason,
      sdp: this.#parts.sdp === undefined ? undefined : sdp,
    });
  }

  #forkOf(response: SipResponse): Fork | undefined {
    const tag = tagOf(response.to);
    if (tag === undefined) return undefined;
    const known = this.#forks.get(tag);
    if (known || this.#forks.size >= MAX_FORKS || !this.#transaction) return known;
    try {
      const dialog = Dialog.ofResponse(this.#transaction.request, response);
      const fork: Fork = { dialog, rseq: undefined, sdp: undefined };
      this.#forks.set(tag, fork);
      this.host.adopt(dialog, this);
      return fork;
    } catch (error) {
      // A provisional response without a Contact makes no dialog, but it rings.
      if (error instanceof SipParseError) return undefined;
      throw error;
    }
  }

  /** PRACK (RFC 3262 §4). False for one that came again or out of order: it is to be passed over. */
  #acknowledgeProvisional(response: SipResponse, fork: Fork, flow: Flow, sdp: string | undefined): boolean {
    const rseq = Number(response.headers.get('rseq') ?? Number.NaN);
    if (!response.headers.tokens('require').includes('100rel') || !Number.isInteger(rseq)) return true;
    if (fork.rseq !== undefined && rseq !== fork.rseq + 1) return false;
    fork.rseq = rseq;
    const { number, method } = response.cseq;
    const rack: HeaderField = ['rack', `${rseq} ${number} ${method}`];
    const client = new InDialogClient(this.host, fork.dialog, this.digest, () => ({ flow, direct: false }));
    const send = async () => {
      const isOffer = this.#parts.sdp === undefined && sdp !== undefined && this.session.local === undefined;
      const own = isOffer ? await this.#parts.answer?.(sdp) : undefined;
      if (isOffer && own !== undefined) {
        this.session.receiveOffer(sdp);
        this.session.sendAnswer(own);
      }
      await client.request('PRACK', [rack, ...sdpBody(own).fields], sdpBody(own).body);
    };
    // A lost PRACK is the callee's to judge: it gives the call up.
    send().catch(() => {});
    return true;
  }

  async #receiveSuccess(response: SipResponse, flow: Flow): Promise<void> {
    const tag = tagOf(response.to) ?? '';
    if (tag === this.#winner) {
      super.receiveStray(response);
      return;
    }
    if (this.#winner !== undefined || this.#cancelled || this.ended) {
      await this.#endFork(response);
      if (this.#cancelled) this.#endCancelled();
      return;
    }
    this.#winner = tag;
    this.#ringTimer?.cancel();
    const fork = this.#forkOf(response);
    if (!fork) {
      this.finish({ cause: 'protocol', status: response.status, reason: 'the answer has no sound Contact' });
      return;
    }
    this.#takeWinner(fork, response, flow);
    try {
      await this.#completeSession(response, fork);
    } catch {
      if (this.ended) return;
      void this.sendBye();
      this.finish({ cause: 'protocol', reason: 'the offer could not be answered' });
    }
  }

  #takeWinner(fork: Fork, response: SipResponse, flow: Flow): void {
    const { dialog } = fork;
    dialog.confirmed = true;
    dialog.useSequence(this.#sequence);
    dialog.refreshTarget(response);
    this.dialog = dialog;
    this.flow = flow;
    this.setState('answered');
    for (const [tag, other] of this.#forks) if (tag !== this.#winner) this.host.drop(other.dialog);
  }

  /** Sends the ACK, with the answer where the offer came in the 2xx. */
  async #completeSession(response: SipResponse, fork: Fork): Promise<void> {
    const sequence = response.cseq.number;
    const { sdp } = sessionBody(response);
    if (this.#parts.sdp !== undefined) {
      await this.client().acknowledge(sequence);
      // Some put the answer into a provisional response only.
      const answer = sdp ?? fork.sdp;
      if (answer === undefined || !this.session.receiveAnswer(answer)) throw new Error('no answer');
    } else if (this.session.local !== undefined) {
      // Offer and answer went by 183 and PRACK.
      await this.client().acknowledge(sequence);
    } else {
      const own = sdp === undefined ? undefined : await this.#parts.answer?.(sdp);
      if (sdp !== undefined) this.session.receiveOffer(sdp);
      if (own !== undefined) this.session.sendAnswer(own);
      const { fields, body } = sdpBody(own);
      await this.client().acknowledge(sequence, fields, body);
      if (own === undefined) throw new Error('no answer');
    }
    if (!this.ended) this.emit('answered');
  }

  /** A 2xx that we do not want: another fork answered first, or we gave up. It must be acknowledged, then ended (§13.2.2.4). */
  async #endFork(response: SipResponse): Promise<void> {
    const invite = this.#transaction?.request;
    if (!invite) return;
    try {
      const dialog = Dialog.ofResponse(invite, response);
      dialog.useSequence(this.#sequence);
      const client = new InDialogClient(this.host, dialog, this.digest, () => ({
        flow: this.flow,
        direct: false,
      }));
      await client.acknowledge(response.cseq.number);
      await client.request('BYE', [], undefined);
    } catch {
      // Not to be reached: it will give up for want of an ACK.
    }
  }

  #cancel(why: 'local' | 'timeout'): void {
    if (this.ended || this.#cancelled || this.state === 'answered') return;
    this.#cancelled = why;
    this.#ringTimer?.cancel();
    if (this.#provisional) this.#sendCancel();
    // Where nothing more comes, the call ends for us all the same (RFC 3261 §9.1).
    this.#cancelTimer = this.host.clock.after(64 * this.host.timers.t1, () => this.#endCancelled());
  }

  #sendCancel(): void {
    const invite: SipRequest | undefined = this.#transaction?.request;
    if (invite) this.host.sendCancel(invite, this.flow);
  }

  #endCancelled(): void {
    this.finish({ cause: this.#cancelled === 'timeout' ? 'timeout' : 'local' });
  }
}
