import {
  addressesOf,
  buildRequest,
  formatNameAddr,
  formatUri,
  type HeaderField,
  type NameAddr,
  parseNameAddr,
  parseUri,
  type RequestDraft,
  type SipMessage,
  SipParseError,
  type SipRequest,
  type SipResponse,
  singleContact,
  tagOf,
  type Uri,
  withTag,
} from '../message/index.ts';

/** Maximum number of Record-Route values in a dialog: more is an attack or a loop. */
const MAX_ROUTES = 20;

/** Requests whose Contact updates the remote target (RFC 3261 §12.2, RFC 3311 §5.1). */
const TARGET_REFRESH = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE', 'NOTIFY']);

/** A dialog's identity (RFC 3261 §12) as a key. */
export function dialogKey(callId: string, localTag: string, remoteTag: string): string {
  return `${callId} ${localTag} ${remoteTag}`;
}

/** A dialog as plain data. */
export interface SavedDialog {
  readonly callId: string;
  readonly local: string;
  readonly remote: string;
  readonly routeSet: readonly string[];
  readonly remoteTarget: string;
  readonly localSequence: number;
  readonly remoteSequence: number | undefined;
}

/** A restored dialog skips this many sequence numbers, which may have been used since it was saved. */
const SEQUENCE_JUMP = 100;

/**
 * A dialog (RFC 3261 §12): identity, sequence numbers, route set and remote target. It builds requests and checks received ones. It sends
 * nothing and has no timers. Section numbers below refer to RFC 3261.
 */
export class Dialog {
  readonly callId: string;
  /** Our address with our tag. */
  readonly local: NameAddr;
  /** The peer's address with its tag, if it gave one (RFC 2543 peers may not). */
  readonly remote: NameAddr;
  #routeSet: readonly NameAddr[];
  #remoteTarget: Uri;
  #localSequence: number;
  #remoteSequence: number | undefined;
  confirmed = false;

  private constructor(parts: {
    callId: string;
    local: NameAddr;
    remote: NameAddr;
    routeSet: NameAddr[];
    remoteTarget: Uri;
    localSequence: number;
    remoteSequence?: number;
  }) {
    this.callId = parts.callId;
    this.local = parts.local;
    this.remote = parts.remote;
    this.#routeSet = parts.routeSet;
    this.#remoteTarget = parts.remoteTarget;
    this.#localSequence = parts.localSequence;
    this.#remoteSequence = parts.remoteSequence;
  }

  /** Creates the dialog of a UAS (§12.1.1). @throws {SipParseError} the request does not have exactly one valid Contact */
  static ofRequest(request: SipRequest, localTag: string): Dialog {
    return new Dialog({
      callId: request.callId,
      local: withTag(request.to, localTag),
      remote: request.from,
      routeSet: recordedRoutes(request),
      remoteTarget: contactOf(request),
      // May start anywhere below 2^31 (§8.1.1.5).
      localSequence: 0,
      remoteSequence: request.cseq.number,
    });
  }

  /**
   * Creates the dialog of a UAC from a response with a To tag (§12.1.2).
   * @throws {SipParseError} the response does not have exactly one valid Contact
   */
  static ofResponse(request: SipRequest, response: SipResponse): Dialog {
    return new Dialog({
      callId: request.callId,
      local: request.from,
      remote: response.to,
      routeSet: recordedRoutes(response).reverse(),
      remoteTarget: contactOf(response),
      localSequence: request.cseq.number,
    });
  }

  /**
   * The dialog of a UAC from a 2xx: a new one, or `early` with the route set recomputed (§13.2.2.4). Every 2xx results in a dialog, so that
   * it can be acknowledged. If `usable` is false, its Contact or Record-Route is unusable: use the dialog only for ACK and BYE, on the flow
   * of the INVITE.
   */
  static ofSuccess(
    request: SipRequest,
    response: SipResponse,
    early?: Dialog,
  ): { dialog: Dialog; usable: boolean } {
    try {
      if (!early) {
        return { dialog: Dialog.ofResponse(request, response), usable: true };
      }
      early.#routeSet = recordedRoutes(response).reverse();
      early.refreshTarget(response);
      return { dialog: early, usable: true };
    } catch (error) {
      if (!(error instanceof SipParseError)) {
        throw error;
      }
      const dialog = new Dialog({
        callId: request.callId,
        local: request.from,
        remote: response.to,
        routeSet: [],
        remoteTarget: early?.remoteTarget ?? readableContact(response) ?? request.uri,
        localSequence: request.cseq.number,
      });
      return { dialog, usable: false };
    }
  }

  /** Continues a dialog of an earlier process. @throws {SipParseError} an address is malformed */
  static restore(saved: SavedDialog): Dialog {
    const dialog = new Dialog({
      callId: saved.callId,
      local: parseNameAddr(saved.local),
      remote: parseNameAddr(saved.remote),
      routeSet: saved.routeSet.map(parseNameAddr),
      remoteTarget: parseUri(saved.remoteTarget),
      localSequence: saved.localSequence + SEQUENCE_JUMP,
      ...(saved.remoteSequence !== undefined && { remoteSequence: saved.remoteSequence }),
    });
    dialog.confirmed = true;
    return dialog;
  }

  save(): SavedDialog {
    return {
      callId: this.callId,
      local: formatNameAddr(this.local),
      remote: formatNameAddr(this.remote),
      routeSet: this.#routeSet.map(formatNameAddr),
      remoteTarget: formatUri(this.#remoteTarget),
      localSequence: this.#localSequence,
      remoteSequence: this.#remoteSequence,
    };
  }

  get localTag(): string {
    return tagOf(this.local) ?? '';
  }

  get remoteTag(): string {
    return tagOf(this.remote) ?? '';
  }

  get key(): string {
    return dialogKey(this.callId, this.localTag, this.remoteTag);
  }

  /** In the order of Route fields in our requests. */
  get routeSet(): readonly NameAddr[] {
    return this.#routeSet;
  }

  get remoteTarget(): Uri {
    return this.#remoteTarget;
  }

  /** The first hop of requests: the first route, or else the remote target (§12.2.1.1). */
  get nextHop(): Uri {
    return this.#routeSet[0]?.uri ?? this.#remoteTarget;
  }

  /** Builds a request with the next sequence number (§12.2.1.1). */
  request(method: string, headers: readonly HeaderField[] = [], body?: Buffer): RequestDraft {
    this.#localSequence++;
    return this.#build(method, this.#localSequence, headers, body);
  }

  /** Builds the ACK of a 2xx. `sequence`: that of the INVITE (§13.2.2.4). */
  ack(sequence: number, headers: readonly HeaderField[] = [], body?: Buffer): RequestDraft {
    return this.#build('ACK', sequence, headers, body);
  }

  /** Skips sequence numbers up to this one, which another INVITE of the call has used. */
  useSequence(atLeast: number): void {
    this.#localSequence = Math.max(this.#localSequence, atLeast);
  }

  /** Whether a request is in order (§12.2.2). If not, answer 500. Not for ACK and CANCEL. */
  accepts(request: SipRequest): boolean {
    if (this.#remoteSequence !== undefined && request.cseq.number < this.#remoteSequence) {
      return false;
    }
    this.#remoteSequence = request.cseq.number;
    return true;
  }

  /** Updates the remote target if the message has one. Ignores a malformed Contact. */
  refreshTarget(message: SipMessage): void {
    if (!TARGET_REFRESH.has(message.cseq.method)) {
      return;
    }
    this.#remoteTarget = readableContact(message) ?? this.#remoteTarget;
  }

  #build(method: string, sequence: number, headers: readonly HeaderField[], body?: Buffer): RequestDraft {
    const { uri, routes } = this.#routing();
    return buildRequest({
      method,
      uri,
      from: this.local,
      to: this.remote,
      callId: this.callId,
      cseq: { number: sequence, method },
      headers: [...routes.map((route): HeaderField => ['route', route]), ...headers],
      body,
    });
  }

  /** Request-URI and Route values. A first route without `lr` is a strict router (§12.2.1.1). */
  #routing(): { uri: Uri; routes: string[] } {
    const [first, ...others] = this.#routeSet;
    if (!first) {
      return { uri: this.#remoteTarget, routes: [] };
    }
    const loose = 'params' in first.uri && first.uri.params.has('lr');
    if (loose) {
      return { uri: this.#remoteTarget, routes: this.#routeSet.map(formatNameAddr) };
    }
    const last: NameAddr = { uri: this.#remoteTarget, params: new Map() };
    return { uri: first.uri, routes: [...others, last].map(formatNameAddr) };
  }
}

/** The Record-Route values of a message. @throws {SipParseError} one is malformed, or there are too many */
function recordedRoutes(message: SipMessage): NameAddr[] {
  const routes = addressesOf(message.headers, 'record-route');
  if (routes.length > MAX_ROUTES) {
    throw new SipParseError('Too many Record-Route values');
  }
  return routes;
}

function readableContact(message: SipMessage): Uri | undefined {
  try {
    return contactOf(message);
  } catch (error) {
    if (error instanceof SipParseError) {
      return undefined;
    }
    throw error;
  }
}

function contactOf(message: SipMessage): Uri {
  const contact = singleContact(message.headers);
  if (!contact || contact.uri.scheme === 'other') {
    throw new SipParseError('Contact is missing or not a SIP URI');
  }
  return contact.uri;
}
