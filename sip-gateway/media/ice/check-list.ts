import { randomBytes } from 'node:crypto';
import { Attribute, Binding, isAuthentic, type StunMessage, uint32, writeStun } from '../../stun/index.ts';
import type { Endpoint } from '../rtp/index.ts';
import type { IceCandidate, IceComponent } from './ice-types.ts';

export interface CheckListOptions {
  /** The phone's candidates. */
  candidates: readonly IceCandidate[];
  /** Of our requests: the phone's fragment first. */
  username: string;
  /** The phone's. */
  password: string;
  tieBreaker: Uint8Array;
  send: (datagram: Uint8Array, target: Endpoint, component: IceComponent) => void;
  /** A candidate has answered a check; `nominated`: the check that selects it. */
  onChecked: (candidate: IceCandidate, nominated: boolean, nowMs: number) => void;
}

/** A check of one candidate, with retransmissions. */
interface Check {
  readonly candidate: IceCandidate;
  state: 'waiting' | 'sent' | 'succeeded' | 'failed';
  nominates: boolean;
  transactionId: Buffer;
  sends: number;
  nextMs: number;
}

/** Maximum number of candidates of a component that are checked: a phone has a few, and each costs packets to an address it names. */
const MAX_CANDIDATES = 10;
/** Interval between checks (Ta), in milliseconds. */
const PACE_MS = 50;
/** First interval between retransmissions, and number of requests (RFC 8489 §6.2.1). */
const FIRST_RETRY_MS = 500;
const MAX_SENDS = 7;
/** How long a candidate that has answered waits for a better one. */
const DECISION_MS = 300;
/** Interval of the checks that keep the path open and show that the phone still agrees (RFC 7675). */
const CONSENT_MS = 5_000;
/** Type preference of a peer-reflexive candidate with the highest local preference (RFC 8445 §5.1.2). */
const PRIORITY = 110 * 2 ** 24 + 65_535 * 2 ** 8;

/** Checks the candidates of an ICE-lite phone, best first, and nominates the best that answers (regular nomination). */
export class CheckList {
  readonly #options: CheckListOptions;
  readonly #checks: Check[];
  readonly #decideAtMs = new Map<IceComponent, number>();
  #nextMs = 0;

  constructor(options: CheckListOptions) {
    this.#options = options;
    const best = options.candidates.toSorted((a, b) => b.priority - a.priority);
    const ofComponent = (component: IceComponent) =>
      best.filter((candidate) => candidate.component === component).slice(0, MAX_CANDIDATES);
    this.#checks = [...ofComponent(1), ...ofComponent(2)].map((candidate) => ({
      candidate,
      state: 'waiting',
      nominates: false,
      transactionId: randomBytes(12),
      sends: 0,
      nextMs: 0,
    }));
  }

  /** Sends at most one check. */
  tick(nowMs: number): void {
    if (nowMs < this.#nextMs) {
      return;
    }
    this.#decide(1, nowMs);
    this.#decide(2, nowMs);
    const due = this.#checks.find(
      ({ state, nextMs }) => state === 'waiting' || (state !== 'failed' && nextMs <= nowMs),
    );
    if (due) {
      this.#nextMs = nowMs + PACE_MS;
      this.#send(due, nowMs);
    }
  }

  /** Handles a response. Returns whether it is an authentic one to a check of ours. */
  receive(message: StunMessage, source: Endpoint, component: IceComponent, nowMs: number): boolean {
    const check = this.#checks.find(
      (each) =>
        each.state === 'sent' &&
        each.candidate.component === component &&
        each.transactionId.equals(message.transactionId),
    );
    if (!check || !isAuthentic(message, this.#options.password)) {
      return false;
    }
    const { candidate } = check;
    if (message.type === Binding.error) {
      check.state = 'failed';
      return true;
    }
    // An answer from elsewhere means that the path is not symmetric (RFC 8445 §7.2.5.2.1).
    if (source.address !== candidate.address || source.port !== candidate.port) {
      check.state = 'failed';
      return true;
    }
    check.state = 'succeeded';
    // Only the nominated pair is checked again.
    check.nextMs = check.nominates ? nowMs + CONSENT_MS : Number.POSITIVE_INFINITY;
    if (!this.#decideAtMs.has(component)) {
      this.#decideAtMs.set(component, nowMs + DECISION_MS);
    }
    this.#options.onChecked(candidate, check.nominates, nowMs);
    return true;
  }

  /** Nominates the best candidate, once no better one can answer, or has had its time. */
  #decide(component: IceComponent, nowMs: number): void {
    const decideAtMs = this.#decideAtMs.get(component);
    const checks = this.#checks.filter(({ candidate }) => candidate.component === component);
    if (decideAtMs === undefined || checks.some(({ nominates }) => nominates)) {
      return;
    }
    const best = checks.findIndex(({ state }) => state === 'succeeded');
    const chosen = checks[best];
    const better = checks.slice(0, best).some(({ state }) => state !== 'failed');
    if (!chosen || (better && nowMs < decideAtMs)) {
      return;
    }
    chosen.nominates = true;
    chosen.state = 'waiting';
    for (const other of checks) {
      if (other !== chosen) {
        other.state = 'failed';
      }
    }
  }

  #send(check: Check, nowMs: number): void {
    const { username, password, tieBreaker, send } = this.#options;
    if (check.state !== 'sent') {
      check.state = 'sent';
      check.transactionId = randomBytes(12);
      check.sends = 0;
    } else if (check.sends === MAX_SENDS) {
      check.state = 'failed';
      return;
    }
    check.nextMs = nowMs + FIRST_RETRY_MS * 2 ** check.sends;
    check.sends++;
    const nomination = check.nominates ? [[Attribute.useCandidate, new Uint8Array(0)] as const] : [];
    const request = writeStun({
      type: Binding.request,
      transactionId: check.transactionId,
      attributes: [
        [Attribute.username, Buffer.from(username)],
        [Attribute.priority, uint32(PRIORITY)],
        [Attribute.iceControlling, tieBreaker],
        ...nomination,
      ],
      password,
    });
    const { address, port, component } = check.candidate;
    send(request, { address, port }, component);
  }
}
