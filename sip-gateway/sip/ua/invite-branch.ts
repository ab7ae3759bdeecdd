import { ChallengeRefused } from '../auth/index.ts';
import { Dialog } from '../dialog/index.ts';
import {
  buildRequest,
  formatUri,
  type HeaderField,
  type NameAddr,
  SipParseError,
  type SipResponse,
  tagOf,
  type Uri,
} from '../message/index.ts';
import type { ClientTransaction, Timer } from '../transaction/index.ts';
import type { Flow } from '../transport/index.ts';
import { AbandonedInvite } from './abandoned-invite.ts';
import type { InviteFailure } from './best-failure.ts';
import { sdpBody, sessionBody } from './body.ts';
import type { CallHost, MaybeDigest, OwnContact, PeerPlace } from './call-types.ts';
import { InDialogClient } from './in-dialog-client.ts';
import { hasOptionTag } from './option-tags.ts';
import type { FollowedPhone } from './registrar.ts';
import { type SavedInvite, saveInvite } from './saved-invite.ts';
import { minSession, SESSION_SECONDS } from './session-timer.ts';

/** A route to a callee: the Request-URI and the flow, which is opened only when the route is tried. */
export interface Route {
  readonly uri: Uri;
  /** Proxies on the way: a registered phone's path (RFC 3327), or those of a trunk. Default: none. */
  readonly path?: readonly string[];
  /** IP address of the next hop. */
  readonly address: string;
  readonly protocol: Flow['protocol'];
  readonly open: () => Flow | undefined;
  /** The phone, if it is registered here. */
  readonly phone?: FollowedPhone;
  /** Remembers that this target did not answer or was overloaded. `retryAfter`: seconds. */
  failed?(retryAfter?: number): void;
}

/** One early dialog of a branch. There are several if a proxy forks (RFC 3261 §13.2.2.1). */
export interface Fork {
  dialog: Dialog;
  /** The last acknowledged RSeq (RFC 3262 §4). */
  rseq: number | undefined;
  /** The callee's SDP while ringing, if any. */
  sdp: string | undefined;
}

export interface InviteBranchParts {
  readonly callId: string;
  /** Our address, with this branch's tag. */
  readonly from: NameAddr;
  readonly to: NameAddr;
  readonly sdp: string | undefined;
  readonly contact: OwnContact;
  /** Additional header fields. */
  readonly headers: readonly HeaderField[];
  /** Best first; if one fails, the next is tried (RFC 3263 §4.3). */
  readonly routes: readonly Route[];
}

/** Callbacks of a branch to its call. */
export interface InviteBranchEvents {
  /** A dialog was established. */
  adopt(dialog: Dialog): void;
  /** Answers the offer in a reliable provisional response; undefined if `sdp` is not an offer. */
  answer(sdp: string | undefined): Promise<string | undefined>;
  /** The callee is ringing or has early media. */
  onProgress(response: SipResponse, sdp: string | undefined): void;
  /** Whether the call accepts this answer. If not, the branch acknowledges it and hangs up. */
  wants(branch: InviteBranch): boolean;
  onAnswered(branch: InviteBranch, response: SipResponse, fork: Fork): void;
  /** The 2xx cannot be used. The branch acknowledges it and hangs up (RFC 3261 §13.2.2.4). */
  onUnusable(branch: InviteBranch, response: SipResponse): void;
  /** The branch failed, with `failure`. */
  onFailed(branch: InviteBranch): void;
  /** The accepted 2xx was retransmitted. */
  onRepeated(response: SipResponse): void;
  /** There was no response for 8·T1, so other branches need not wait for this one. */
  onSilent(): void;
}

/** Statuses after which the next route is tried (RFC 3263 §4.3; 430: RFC 5626 §11.5). */
const FAILOVER = new Set([430, 503]);
/** Maximum number of forks that a branch follows. */
const MAX_FORKS = 12;
/** A challenge of a proxy and of the callee, or a stale nonce. */
const MAX_CHALLENGES = 2;
/** A phone that has not responded for this many T1 is probably dead. */
const SILENT_T1 = 8;

/**
 * One INVITE of an outgoing call, to one callee or one of its phones. It may outlive the call: a CANCEL must wait for the first provisional
 * response, and every 2xx that the call does not accept is acknowledged and ended by BYE.
 */
export class InviteBranch {
  readonly #host: CallHost;
  readonly #parts: InviteBranchParts;
  readonly #digest: MaybeDigest;
  readonly #events: InviteBranchEvents;
  readonly #forks = new Map<string, Fork>();
  /** Dialogs that we ended at once, by To tag. */
  readonly #ended = new Map<string, InDialogClient>();
  #silence: Timer;
  #flow: Flow;
  #sentAtMs = 0;
  #sequence = 0;
  #routeIndex = 0;
  #challenged = 0;
  #raised = 0;
  #sessionSeconds = SESSION_SECONDS;
  #transaction: ClientTransaction | undefined;
  #heard = false;
  #provisional = false;
  #early = false;
  #silent = false;
  #cancelled = false;
  #why: readonly HeaderField[] = [];
  #taken: string | undefined;
  #failure: InviteFailure | undefined;

  /** `first`: the call's flow, used until begin() opens the branch's own. */
  constructor(
    host: CallHost,
    first: Flow,
    parts: InviteBranchParts,
    digest: MaybeDigest,
    events: InviteBranchEvents,
  ) {
    this.#host = host;
    this.#flow = first;
    this.#parts = parts;
    this.#digest = digest;
    this.#events = events;
    this.#silence = this.#watchSilence();
  }

  /** Set once the branch has failed. */
  get failure(): InviteFailure | undefined {
    return this.#failure;
  }

  /** True after 8·T1 without any response. */
  get silent(): boolean {
    return this.#silent;
  }

  /** Whether the callee can still answer a CANCEL: it has sent a provisional response but no final one. */
  get ringing(): boolean {
    return this.#provisional && this.#failure === undefined && this.#taken === undefined;
  }

  /** The INVITE, from which a later process cancels it; undefined if it has a final answer. */
  saveInvite(): SavedInvite | undefined {
    const isOpen = this.#failure === undefined && this.#taken === undefined;
    return isOpen && this.#transaction ? saveInvite(this.#transaction.request, this.#flow) : undefined;
  }

  /** The sequence number of the last INVITE. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Where the callee was reached. */
  get place(): PeerPlace {
    const phone = this.#parts.routes[this.#routeIndex]?.phone;
    return { flow: this.#flow, atMs: this.#sentAtMs, direct: false, phone };
  }

  begin(): void {
    const { sdp, callId, from, to, routes, contact } = this.#parts;
    const route = routes[this.#routeIndex];
    const flow = route?.open();
    if (!route || !flow) {
      this.#failover({ status: 503, reason: 'Service Unavailable' });
      return;
    }
    this.#flow = flow;
    this.#sentAtMs = this.#host.clock.now();
    const { place } = this;
    this.#sequence++;
    this.#provisional = false;
    const { fields, body } = sdpBody(sdp);
    const draft = buildRequest({
      method: 'INVITE',
      uri: route.uri,
      from,
      to,
      callId,
      cseq: { number: this.#sequence, method: 'INVITE' },
      headers: [
        ...(this.#digest?.authorize('INVITE', formatUri(route.uri), flow.remote.address) ?? []),
        ...(route.path ?? []).map((each): HeaderField => ['route', each]),
        this.#host.contactFor(flow, contact),
        ...this.#host.capabilities,
        ...this.#host.userAgent,
        ...this.#sessionFields(),
        ...this.#parts.headers,
        ...fields,
      ],
      body,
    });
    const attempt = this.#routeIndex;
    let abandoned: AbandonedInvite | undefined;
    const transaction = this.#host.send(draft, flow, {
      onResponse: (response) => {
        if (attempt === this.#routeIndex) {
          this.#receive(response, flow);
        } else {
          abandoned ??= new AbandonedInvite(this.#host, transaction.request, place, this.#digest);
          abandoned.receive(response);
        }
      },
      onFailure: (reason) =>
        attempt === this.#routeIndex &&
        this.#failover(
          reason === 'timeout'
            ? { status: 408, reason: 'Request Timeout' }
            : { status: 503, reason: 'Service Unavailable' },
        ),
    });
    this.#transaction = transaction;
  }

  /** A callee that does not respond for a while is probably dead: the next route is tried, or else other branches need not wait. */
  #watchSilence(): Timer {
    const { clock, timers } = this.#host;
    return clock.after(SILENT_T1 * timers.t1, () => {
      if (this.#heard || this.#failure) {
        return;
      }
      if (this.#routeIndex + 1 < this.#parts.routes.length && !this.#cancelled) {
        this.#silence = this.#watchSilence();
        this.#failover({ status: 408, reason: 'Request Timeout' });
      } else {
        this.#silent = true;
        this.#events.onSilent();
      }
    });
  }

  /** Cancels the INVITE: another phone answered, or the caller gave up. `why`: further fields of the CANCEL. */
  cancel(why: readonly HeaderField[] = []): void {
    this.#silence.cancel();
    if (this.#cancelled || this.#failure || this.#taken !== undefined) {
      return;
    }
    this.#cancelled = true;
    this.#why = why;
    // A CANCEL must wait for a provisional response (RFC 3261 §9.1).
    if (this.#provisional) {
      this.#sendCancel();
    }
  }

  /** Drops all dialogs except the accepted one. */
  dropForks(): void {
    for (const [tag, { dialog }] of this.#forks) {
      if (tag !== this.#taken) {
        this.#host.drop(dialog);
      }
    }
  }

  #receive(response: SipResponse, flow: Flow): void {
    const { status, reason } = response;
    this.#heard = true;
    this.#silence.cancel();
    if (status < 200) {
      this.#receiveProvisional(response, flow);
    } else if (status < 300) {
      void this.#receiveSuccess(response);
    } else if (this.#cancelled) {
      this.#fail({ status, reason, response });
    } else if ((status === 401 || status === 407) && this.#answerChallenge(response, flow)) {
      this.begin();
    } else if (status === 422 && this.#takeMinimum(response)) {
      this.begin();
    } else if (FAILOVER.has(status)) {
      this.#failover({ status, reason, response });
    } else {
      this.#fail({ status, reason, response });
    }
  }

  /** Tries the next route; if there is none, the branch has failed. */
  #failover(failure: InviteFailure): void {
    const { response } = failure;
    if (!this.#cancelled && (!response || FAILOVER.has(response.status))) {
      this.#parts.routes[this.#routeIndex]?.failed?.(retryAfter(response));
    }
    if (!this.#cancelled && !this.#early && this.#routeIndex + 1 < this.#parts.routes.length) {
      this.#routeIndex++;
      this.begin();
    } else {
      this.#fail(failure);
    }
  }

  #fail(failure: InviteFailure): void {
    if (this.#failure) {
      return;
    }
    this.#failure = failure;
    this.#silence.cancel();
    this.#events.onFailed(this);
  }

  #sessionFields(): HeaderField[] {
    const expires: HeaderField = ['session-expires', String(this.#sessionSeconds)];
    return this.#sessionSeconds === SESSION_SECONDS
      ? [expires]
      : [expires, ['min-se', String(this.#sessionSeconds)]];
  }

  /** Uses the longer interval that a 422 requires (RFC 4028 §7.3). Returns whether to retry. */
  #takeMinimum(response: SipResponse): boolean {
    const seconds = minSession(response.headers);
    if (seconds === undefined || seconds <= this.#sessionSeconds || this.#raised >= MAX_CHALLENGES) {
      return false;
    }
    this.#raised++;
    this.#sessionSeconds = seconds;
    return true;
  }

  #answerChallenge(response: SipResponse, flow: Flow): boolean {
    // Credentials go only to the peer that the INVITE was sent to (threat 18).
    if (!this.#digest || this.#challenged >= MAX_CHALLENGES || flow !== this.#flow) {
      return false;
    }
    this.#challenged++;
    try {
      this.#digest.learn(response, flow.remote.address);
      return true;
    } catch (error) {
      if (error instanceof ChallengeRefused) {
        return false;
      }
      throw error;
    }
  }

  #receiveProvisional(response: SipResponse, flow: Flow): void {
    const first = !this.#provisional;
    this.#provisional = true;
    if (this.#cancelled) {
      if (first) {
        this.#sendCancel();
      }
      return;
    }
    if (response.status === 100 || this.#taken !== undefined) {
      return;
    }
    this.#early = true;
    const fork = this.#forkOf(response);
    const { sdp } = sessionBody(response);
    if (fork) {
      if (sdp !== undefined) {
        fork.sdp = sdp;
      }
      if (!this.#acknowledgeProvisional(response, fork, flow, sdp)) {
        return;
      }
    }
    this.#events.onProgress(response, sdp);
  }

  #forkOf(response: SipResponse): Fork | undefined {
    const tag = tagOf(response.to);
    if (tag === undefined) {
      return undefined;
    }
    const known = this.#forks.get(tag);
    if (known || this.#forks.size >= MAX_FORKS || !this.#transaction) {
      return known;
    }
    try {
      const dialog = Dialog.ofResponse(this.#transaction.request, response);
      const fork: Fork = { dialog, rseq: undefined, sdp: undefined };
      this.#forks.set(tag, fork);
      this.#events.adopt(dialog);
      return fork;
    } catch (error) {
      // Without a Contact there is no dialog, but the phone does ring.
      if (error instanceof SipParseError) {
        return undefined;
      }
      throw error;
    }
  }

  /** Sends PRACK if required (RFC 3262 §4). False: the response is a retransmission or out of order, and must be ignored. */
  #acknowledgeProvisional(response: SipResponse, fork: Fork, flow: Flow, sdp: string | undefined): boolean {
    const rseq = Number(response.headers.get('rseq') ?? Number.NaN);
    if (!hasOptionTag(response.headers, 'require', '100rel') || !Number.isInteger(rseq)) {
      return true;
    }
    if (fork.rseq !== undefined && rseq !== fork.rseq + 1) {
      return false;
    }
    fork.rseq = rseq;
    const { number, method } = response.cseq;
    const rack: HeaderField = ['rack', `${rseq} ${number} ${method}`];
    const client = new InDialogClient(this.#host, fork.dialog, this.#digest, () => ({ ...this.place, flow }));
    const send = async () => {
      const { fields, body } = sdpBody(await this.#events.answer(sdp));
      await client.request('PRACK', [rack, ...fields], body);
    };
    // If the PRACK cannot be sent, the callee ends the call.
    send().catch(() => {});
    return true;
  }

  async #receiveSuccess(response: SipResponse): Promise<void> {
    const tag = tagOf(response.to) ?? '';
    const ended = this.#ended.get(tag);
    if (tag === this.#taken) {
      this.#events.onRepeated(response);
    } else if (ended) {
      ended.acknowledgeAgain(response);
    } else if (this.#cancelled || this.#taken !== undefined || !this.#events.wants(this)) {
      await this.#end(response);
      if (this.#taken === undefined) {
        this.#fail({ status: 487, reason: 'Request Terminated' });
      }
    } else {
      await this.#take(tag, response);
    }
  }

  async #take(tag: string, response: SipResponse): Promise<void> {
    const invite = this.#transaction?.request;
    if (!invite) {
      return;
    }
    const early = this.#forks.get(tag);
    const { dialog, usable } = Dialog.ofSuccess(invite, response, early?.dialog);
    if (!usable) {
      this.#events.onUnusable(this, response);
      await this.#end(response);
      return;
    }
    this.#taken = tag;
    this.#silence.cancel();
    const fork = early ?? { dialog, rseq: undefined, sdp: undefined };
    if (!early) {
      this.#events.adopt(dialog);
    }
    dialog.confirmed = true;
    dialog.useSequence(this.#sequence);
    this.#events.onAnswered(this, response, fork);
  }

  /** Acknowledges a 2xx that the call does not accept, and hangs up (RFC 3261 §13.2.2.4). */
  async #end(response: SipResponse): Promise<void> {
    const invite = this.#transaction?.request;
    if (!invite) {
      return;
    }
    const tag = tagOf(response.to) ?? '';
    const { dialog, usable } = Dialog.ofSuccess(invite, response, this.#forks.get(tag)?.dialog);
    dialog.useSequence(this.#sequence);
    const { place } = this;
    const client = new InDialogClient(this.#host, dialog, this.#digest, () => ({
      ...place,
      direct: !usable,
    }));
    this.#ended.set(tag, client);
    try {
      await client.acknowledge(response.cseq.number);
      await client.request('BYE', this.#why, undefined);
    } catch {
      // The callee is unreachable. It ends the call when no ACK arrives.
    }
  }

  #sendCancel(): void {
    const invite = this.#transaction?.request;
    if (invite) {
      this.#host.sendCancel(invite, this.#flow, this.#why);
    }
  }
}

function retryAfter(response: SipResponse | undefined): number | undefined {
  const [seconds] = /^[0-9]{1,6}/.exec(response?.headers.get('retry-after') ?? '') ?? [];
  return seconds === undefined ? undefined : Number(seconds);
}
