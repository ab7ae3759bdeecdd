import { type HeaderField, type NameAddr, type SipResponse, withTag } from '../message/index.ts';
import { newCallId, newTag } from '../tokens.ts';
import type { Timer } from '../transaction/index.ts';
import type { Flow } from '../transport/index.ts';
import type { CallerIdentity } from './admissions.ts';
import { bestFailure, type InviteFailure } from './best-failure.ts';
import { sdpBody, sessionBody } from './body.ts';
import { Call } from './call.ts';
import type { CallHost, MaybeDigest, OwnContact } from './call-types.ts';
import { type Fork, InviteBranch, type InviteBranchEvents, type Route } from './invite-branch.ts';
import { ANSWERED_ELSEWHERE, peerReason } from './reason.ts';
import { redirectionOf } from './redirection.ts';
import type { SavedInvite } from './saved-invite.ts';

/** Returns our answer to the callee's offer. */
export type Answerer = (offer: string) => string | Promise<string>;

export interface OutgoingCallParts {
  /** Whom we call. */
  readonly identity: CallerIdentity;
  /** Our address, without a tag. */
  readonly from: NameAddr;
  readonly to: NameAddr;
  /** Our offer. Default: the callee makes the offer, and `answer` answers it. */
  readonly sdp?: string;
  readonly answer?: Answerer;
  readonly headers: readonly HeaderField[];
  readonly contact: OwnContact;
  /** Maximum ringing time, in seconds. */
  readonly ringSeconds: number;
  /** The phones that ring at the same time; for each, the routes to it, best first. */
  readonly branches: readonly (readonly Route[])[];
}

/**
 * An outgoing call. Emits `progress`, `answered` and `end`. If the callee has several phones, all of them ring, and the first to answer
 * gets the call.
 */
export class OutgoingCall extends Call {
  readonly direction = 'outgoing';
  readonly callId = newCallId();
  readonly #parts: OutgoingCallParts;
  readonly #branches: readonly InviteBranch[];
  #winner: InviteBranch | undefined;
  #cancelled: 'local' | 'timeout' | undefined;
  #ringTimer: Timer | undefined;
  #cancelTimer: Timer | undefined;

  /** `first`: the flow of the first route. */
  constructor(host: CallHost, first: Flow, parts: OutgoingCallParts, digest: MaybeDigest) {
    super(host, first, digest, parts.contact);
    this.#parts = parts;
    const events = this.#branchEvents();
    const { to, sdp, headers, contact } = parts;
    this.#branches = parts.branches.map((routes) => {
      // Each branch has its own From tag, because two phones may choose the same To tag.
      const from = withTag(parts.from, newTag());
      const branch = { callId: this.callId, from, to, sdp, headers, routes, contact };
      return new InviteBranch(host, first, branch, digest, events);
    });
  }

  get remote(): NameAddr {
    return this.#parts.to;
  }

  get local(): NameAddr {
    return this.#parts.from;
  }

  get identity(): CallerIdentity {
    return this.#parts.identity;
  }

  /** Sends the INVITEs. The stack calls this once. */
  begin(): void {
    const { ringSeconds, sdp } = this.#parts;
    this.#ringTimer = this.host.clock.after(ringSeconds * 1000, () => this.#cancel('timeout'));
    if (sdp !== undefined) {
      this.session.sendOffer(sdp);
    }
    for (const branch of this.#branches) {
      branch.begin();
    }
  }

  /** The INVITEs without a final answer, from which a later process cancels them. */
  saveInvites(): SavedInvite[] {
    const isOpen = !this.ended && this.#winner === undefined;
    return isOpen ? this.#branches.flatMap((branch) => branch.saveInvite() ?? []) : [];
  }

  /** Sends CANCEL before the answer, and BYE afterwards. `why`: further fields, e.g. Reason. */
  async hangUp(why: readonly HeaderField[] = []): Promise<void> {
    if (this.ended) {
      return;
    }
    if (this.state !== 'answered') {
      const ended = new Promise<void>((resolve) => {
        this.once('end', () => resolve());
      });
      this.#cancel('local', why);
      await ended;
      return;
    }
    const bye = this.sendBye(why);
    this.finish({ cause: 'local' });
    await bye;
  }

  protected override finish(end: Parameters<Call['finish']>[0]): void {
    this.#ringTimer?.cancel();
    this.#cancelTimer?.cancel();
    super.finish(end);
    for (const branch of this.#branches) {
      branch.cancel();
      branch.dropForks();
    }
  }

  #branchEvents(): InviteBranchEvents {
    return {
      adopt: (dialog) => this.host.adopt(dialog, this),
      answer: (sdp) => this.#answerEarly(sdp),
      onProgress: (response, sdp) => this.#progress(response, sdp),
      wants: () => this.#winner === undefined && !this.ended,
      onAnswered: (branch, response, fork) => void this.#take(branch, response, fork),
      onUnusable: (_branch, { status }) =>
        this.finish({
          cause: 'protocol',
          status,
          reason: 'the answer has no usable Contact or Record-Route',
        }),
      onFailed: (branch) => this.#failed(branch),
      onRepeated: (response) => this.receiveStray(response),
      onSilent: () => this.#settle(),
    };
  }

  #progress({ status, reason }: SipResponse, sdp: string | undefined): void {
    if (this.ended || this.#winner) {
      return;
    }
    this.setState('early');
    this.emit('progress', { status, reason, sdp: this.#parts.sdp === undefined ? undefined : sdp });
  }

  /** Answers an offer in a reliable provisional response, if we made none (RFC 3262 §5). */
  async #answerEarly(sdp: string | undefined): Promise<string | undefined> {
    const { answer } = this.#parts;
    if (this.#parts.sdp !== undefined || sdp === undefined || this.session.local !== undefined) {
      return undefined;
    }
    const own = await answer?.(sdp);
    if (own === undefined) {
      return undefined;
    }
    this.session.receiveOffer(sdp);
    this.session.sendAnswer(own);
    return own;
  }

  async #take(branch: InviteBranch, response: SipResponse, fork: Fork): Promise<void> {
    this.#winner = branch;
    this.#ringTimer?.cancel();
    this.dialog = fork.dialog;
    this.peer = branch.place;
    this.learnMethods(response);
    this.keeper.confirmed(response);
    this.setState('answered');
    for (const each of this.#branches) {
      if (each !== branch) {
        each.cancel([ANSWERED_ELSEWHERE]);
      }
      each.dropForks();
    }
    try {
      await this.#completeSession(response, fork);
    } catch {
      if (this.ended) {
        return;
      }
      void this.sendBye();
      this.finish({ cause: 'protocol', reason: 'the offer could not be answered' });
    }
  }

  /** Sends the ACK, with our answer if the offer came in the 2xx. */
  async #completeSession(response: SipResponse, fork: Fork): Promise<void> {
    const sequence = response.cseq.number;
    const { sdp } = sessionBody(response);
    if (this.#parts.sdp !== undefined) {
      await this.client().acknowledge(sequence);
      // Some callees send the answer only in a provisional response.
      const answer = sdp ?? fork.sdp;
      if (answer === undefined || !this.session.receiveAnswer(answer)) {
        throw new Error('no answer');
      }
    } else if (this.session.local !== undefined) {
      // Offer and answer were exchanged in a 183 and its PRACK.
      await this.client().acknowledge(sequence);
    } else {
      const own = sdp === undefined ? undefined : await this.#parts.answer?.(sdp);
      if (sdp !== undefined) {
        this.session.receiveOffer(sdp);
      }
      if (own !== undefined) {
        this.session.sendAnswer(own);
      }
      const { fields, body } = sdpBody(own);
      await this.client().acknowledge(sequence, fields, body);
      if (own === undefined) {
        throw new Error('no answer');
      }
    }
    if (!this.ended) {
      this.emit('answered');
    }
  }

  #failed(branch: InviteBranch): void {
    // A 6xx is the callee's decision for all its phones (RFC 3261 §21.6).
    if (!this.#cancelled && (branch.failure?.status ?? 0) >= 600) {
      this.#fail();
    } else {
      this.#settle();
    }
  }

  /** Ends the call if no branch can still be answered. */
  #settle(): void {
    if (this.ended || this.#winner) {
      return;
    }
    if (this.#cancelled) {
      if (!this.#branches.some((branch) => branch.ringing)) {
        this.#endCancelled();
      }
      return;
    }
    const open = this.#branches.filter(({ failure }) => !failure);
    // Do not wait for a dead phone if all others have declined.
    if (open.length < this.#branches.length && open.every(({ silent }) => silent)) {
      this.#fail();
    }
  }

  #fail(): void {
    const failures = this.#branches.flatMap(({ failure }): InviteFailure[] => (failure ? [failure] : []));
    const best = bestFailure(failures);
    if (!best) {
      return;
    }
    const { status, reason, response } = best;
    const redirection = redirectionOf(response);
    this.finish({
      cause: response ? 'refused' : status === 408 ? 'timeout' : 'transport',
      status,
      reason,
      ...(response && peerReason(response.headers)),
      ...(redirection && { redirection }),
    });
  }

  #cancel(cause: 'local' | 'timeout', why: readonly HeaderField[] = []): void {
    if (this.ended || this.#cancelled || this.#winner) {
      return;
    }
    this.#cancelled = cause;
    this.#ringTimer?.cancel();
    for (const branch of this.#branches) {
      branch.cancel(why);
    }
    // Without a final response, the call ends anyway (RFC 3261 §9.1).
    this.#cancelTimer = this.host.clock.after(64 * this.host.timers.t1, () => this.#endCancelled());
    this.#settle();
  }

  #endCancelled(): void {
    this.finish({ cause: this.#cancelled === 'timeout' ? 'timeout' : 'local' });
  }
}
