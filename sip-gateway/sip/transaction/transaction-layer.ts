import { EventEmitter } from 'node:events';
import { networkOf } from '../../../base/index.ts';
import {
  buildResponse,
  type HeaderField,
  type RequestDraft,
  type SipRequest,
  type SipResponse,
  tagOf,
  type Via,
  withVia,
} from '../message/index.ts';
import { newBranch, newTag, statelessTag } from '../tokens.ts';
import type { Flow, TransportLayer } from '../transport/index.ts';
import { ClientInviteTransaction } from './client-invite-transaction.ts';
import { ClientPlainTransaction } from './client-plain-transaction.ts';
import type { ClientHandlers, ClientTransaction } from './client-transaction.ts';
import type { Clock } from './clock.ts';
import { clientKey, mergeKey, responseKey, serverKey } from './keys.ts';
import { ServerInviteTransaction } from './server-invite-transaction.ts';
import { ServerPlainTransaction } from './server-plain-transaction.ts';
import type { TimerValues } from './timers.ts';

export type ServerTransaction = ServerInviteTransaction | ServerPlainTransaction;

interface TransactionLayerEvents {
  /** A new INVITE. */
  invite: [request: SipRequest, transaction: ServerInviteTransaction, flow: Flow];
  /** Any other new request except ACK; a CANCEL only if it matches no INVITE. */
  request: [request: SipRequest, transaction: ServerPlainTransaction, flow: Flow];
  /** An ACK of a 2xx, or a stray one. */
  ack: [request: SipRequest, flow: Flow];
  /** A CANCEL, already answered, of a pending INVITE. */
  cancel: [request: SipRequest, invite: ServerInviteTransaction];
  /** A 2xx to an INVITE whose transaction has ended: resend the ACK, or end the fork. */
  strayResponse: [response: SipResponse];
}

export interface TransactionLayerOptions {
  clock: Clock;
  timers: TimerValues;
  /** Whether a request belongs to one of our dialogs. Such requests are never refused for lack of capacity. */
  inDialog: (request: SipRequest) => boolean;
  /** Maximum number of concurrent server transactions; further requests get 503. Default 20,000. */
  maxServerTransactions?: number;
  /** Maximum per source, an IPv4 address or an IPv6 /64. Default: a quarter of the total. */
  maxServerTransactionsPerSource?: number;
}

/** Matches messages to transactions (RFC 3261 §17) and owns the transactions. */
export class TransactionLayer extends EventEmitter<TransactionLayerEvents> {
  readonly #transport: TransportLayer;
  readonly #options: TransactionLayerOptions;
  readonly #clients = new Map<string, ClientTransaction>();
  readonly #servers = new Map<string, ServerTransaction>();
  /** Number of server transactions per source. */
  readonly #sources = new Map<string, number>();
  /** Merge key → key of the first server transaction with it. */
  readonly #merged = new Map<string, string>();

  constructor(transport: TransportLayer, options: TransactionLayerOptions) {
    super();
    this.#transport = transport;
    this.#options = options;
    transport.on('request', (request, flow) => this.#receiveRequest(request, flow));
    transport.on('response', (response) => this.#receiveResponse(response));
  }

  /** Number of current transactions. */
  get size(): { clients: number; servers: number } {
    return { clients: this.#clients.size, servers: this.#servers.size };
  }

  /** Sends a request on a flow, in a new client transaction, with a new Via (or the given one, for a CANCEL). */
  request(
    draft: RequestDraft,
    flow: Flow,
    handlers: ClientHandlers,
    via = this.viaFor(flow),
  ): ClientTransaction {
    const transaction = this.#openClient(withVia(draft, via), flow, handlers);
    transaction.begin();
    return transaction;
  }

  /** Continues the transaction of an INVITE that an earlier process has sent. Its answer is expected within 64·T1. */
  resumeClient(invite: SipRequest, flow: Flow, handlers: ClientHandlers): void {
    const transaction = this.#openClient(invite, flow, handlers);
    if (transaction instanceof ClientInviteTransaction) {
      transaction.resume();
    }
  }

  /** Continues the transaction of an INVITE that an earlier process has received and not answered. */
  resumeServer(invite: SipRequest, flow: Flow): ServerInviteTransaction {
    return this.#openServer(invite, flow, serverKey(invite), mergeKey(invite)) as ServerInviteTransaction;
  }

  #openClient(request: SipRequest, flow: Flow, handlers: ClientHandlers): ClientTransaction {
    const key = clientKey(request);
    const context = {
      clock: this.#options.clock,
      timers: this.#options.timers,
      reliable: flow.reliable,
      onTerminated: () => {
        stopWatching();
        this.#clients.delete(key);
      },
    };
    const send = (message: SipRequest) => this.#transport.sendRequest(message, flow);
    const transaction =
      request.method === 'INVITE'
        ? new ClientInviteTransaction(context, request, send, handlers)
        : new ClientPlainTransaction(context, request, send, handlers);
    const stopWatching = flow.onClose((error) => transaction.fail('transport', error));
    this.#clients.set(key, transaction);
    return transaction;
  }

  /** Sends a request without a transaction, e.g. the ACK of a 2xx. Returns it for resend(). */
  sendStateless(draft: RequestDraft, flow: Flow): SipRequest {
    const request = withVia(draft, this.viaFor(flow));
    this.#transport.sendRequest(request, flow);
    return request;
  }

  /** Sends such a request again, unchanged. */
  resend(request: SipRequest, flow: Flow): void {
    this.#transport.sendRequest(request, flow);
  }

  /** A new Via for requests on this flow. */
  viaFor(flow: Flow): Via {
    const { host, port } = flow.advertised;
    const params = new Map<string, string | null>([
      ['branch', newBranch()],
      ['rport', null],
    ]);
    return { transport: flow.protocol.toUpperCase(), host, port, params };
  }

  /** Ends all transactions without sending anything. */
  close(): void {
    for (const transaction of [...this.#clients.values(), ...this.#servers.values()]) {
      transaction.terminate();
    }
  }

  #receiveResponse(response: SipResponse): void {
    const transaction = this.#clients.get(responseKey(response));
    if (transaction) {
      transaction.receive(response);
    } else if (response.cseq.method === 'INVITE' && response.status >= 200 && response.status < 300) {
      this.emit('strayResponse', response);
    }
  }

  #receiveRequest(request: SipRequest, flow: Flow): void {
    const key = serverKey(request);
    const known = this.#servers.get(key);
    if (request.method === 'ACK') {
      if (!(known instanceof ServerInviteTransaction && known.receiveAck())) {
        this.emit('ack', request, flow);
      }
      return;
    }
    if (known) {
      known.receiveRetransmission();
      return;
    }
    if (!this.#hasCapacity(flow) && !this.#isExpected(request)) {
      const headers: HeaderField[] = [['retry-after', '5']];
      this.#transport.sendResponse(
        buildResponse(request, 503, { toTag: statelessTag(request), headers }),
        flow,
      );
      return;
    }
    const merge = mergeKey(request);
    const mergedWith =
      tagOf(request.to) === undefined && request.method !== 'CANCEL' ? this.#merged.get(merge) : undefined;
    const transaction = this.#openServer(request, flow, key, merge);
    if (mergedWith !== undefined) {
      transaction.respondStateless(buildResponse(request, 482, { toTag: statelessTag(request) }));
    } else if (request.method === 'CANCEL' && this.#receiveCancel(request, transaction)) {
      return;
    } else if (transaction instanceof ServerInviteTransaction) {
      this.emit('invite', request, transaction, flow);
    } else {
      this.emit('request', request, transaction, flow);
    }
  }

  /** Whether a request belongs to a call in progress or to a pending INVITE. */
  #isExpected(request: SipRequest): boolean {
    if (request.method === 'CANCEL') {
      return this.#servers.has(serverKey(request, 'INVITE'));
    }
    return this.#options.inDialog(request);
  }

  #hasCapacity(flow: Flow): boolean {
    const { maxServerTransactions: max = 20_000, maxServerTransactionsPerSource = max / 4 } = this.#options;
    const ofSource = this.#sources.get(networkOf(flow.remote.address)) ?? 0;
    return this.#servers.size < max && ofSource < maxServerTransactionsPerSource;
  }

  #openServer(request: SipRequest, flow: Flow, key: string, merge: string): ServerTransaction {
    const source = networkOf(flow.remote.address);
    const context = {
      clock: this.#options.clock,
      timers: this.#options.timers,
      reliable: flow.reliable,
      onTerminated: () => {
        this.#servers.delete(key);
        const left = (this.#sources.get(source) ?? 1) - 1;
        if (left === 0) {
          this.#sources.delete(source);
        } else {
          this.#sources.set(source, left);
        }
        if (this.#merged.get(merge) === key) {
          this.#merged.delete(merge);
        }
      },
    };
    const send = (response: SipResponse) => this.#transport.sendResponse(response, flow);
    const transaction =
      request.method === 'INVITE'
        ? new ServerInviteTransaction(context, request, send)
        : new ServerPlainTransaction(context, request, send);
    this.#servers.set(key, transaction);
    this.#sources.set(source, (this.#sources.get(source) ?? 0) + 1);
    if (!this.#merged.has(merge)) {
      this.#merged.set(merge, key);
    }
    transaction.begin();
    return transaction;
  }

  /** Answers a CANCEL with 200, even if it is too late (RFC 3261 §9.2). Returns false if no INVITE matches. */
  #receiveCancel(request: SipRequest, transaction: ServerTransaction): boolean {
    const invite = this.#servers.get(serverKey(request, 'INVITE'));
    if (!(invite instanceof ServerInviteTransaction)) {
      return false;
    }
    // Use the same To tag as the responses to the INVITE (RFC 3261 §9.2); some callers identify the dialog by it.
    transaction.respond(buildResponse(request, 200, { toTag: invite.toTag ?? newTag() }));
    if (invite.pending) {
      this.emit('cancel', request, invite);
    }
    return true;
  }
}
