import { ChallengeRefused } from '../auth/index.ts';
import type { Dialog } from '../dialog/index.ts';
import { formatUri, type HeaderField, type SipRequest, type SipResponse } from '../message/index.ts';
import type { Flow } from '../transport/index.ts';
import type { CallHost, MaybeDigest, PeerPlace } from './call-types.ts';

/** How a request ended: with a response, or without one, which counts as 408 (timeout) or 503 (transport, RFC 3261 §8.1.3.1). */
export interface Outcome {
  readonly status: number;
  readonly reason: string;
  readonly response?: SipResponse;
}

/** Sends the requests of one dialog: finds the flow, answers one challenge, acknowledges INVITEs. */
export class InDialogClient {
  readonly #host: CallHost;
  readonly #dialog: Dialog;
  readonly #digest: MaybeDigest;
  readonly #peer: () => PeerPlace;
  /** The last ACK, for retransmitted 2xx. */
  #ack: { request: SipRequest; flow: Flow } | undefined;

  constructor(host: CallHost, dialog: Dialog, digest: MaybeDigest, peer: () => PeerPlace) {
    this.#host = host;
    this.#dialog = dialog;
    this.#digest = digest;
    this.#peer = peer;
  }

  /** Sends a request and resolves with its outcome. @throws {NoRouteError} there is no flow */
  async request(method: string, headers: readonly HeaderField[], body: Buffer | undefined): Promise<Outcome> {
    for (let challenged = false; ; challenged = true) {
      const { address, ...outcome } = await this.#once(method, headers, body);
      const { response } = outcome;
      if (challenged || !this.#digest || !response || (response.status !== 401 && response.status !== 407)) {
        return outcome;
      }
      try {
        this.#digest.learn(response, address);
      } catch (error) {
        if (error instanceof ChallengeRefused) {
          return outcome;
        }
        throw error;
      }
    }
  }

  /** Sends the ACK for a 2xx to the dialog's INVITE with this sequence number. */
  async acknowledge(sequence: number, headers: readonly HeaderField[] = [], body?: Buffer): Promise<void> {
    const flow = await this.#host.route(this.#dialog, this.#peer());
    const uri = formatUri(this.#dialog.remoteTarget);
    const draft = this.#dialog.ack(
      sequence,
      [
        ...(this.#digest?.authorize('ACK', uri, flow.remote.address) ?? []),
        ...this.#host.userAgent,
        ...headers,
      ],
      body,
    );
    this.#ack = { request: this.#host.sendStateless(draft, flow), flow };
  }

  /** Resends the ACK for a retransmitted 2xx. */
  acknowledgeAgain(response: SipResponse): void {
    if (this.#ack?.request.cseq.number === response.cseq.number) {
      this.#host.resendStateless(this.#ack.request, this.#ack.flow);
    }
  }

  /** Sends a request once. The outcome includes the address that it was sent to. */
  async #once(
    method: string,
    headers: readonly HeaderField[],
    body: Buffer | undefined,
  ): Promise<Outcome & { address: string }> {
    const flow = await this.#host.route(this.#dialog, this.#peer());
    const { address } = flow.remote;
    const uri = formatUri(this.#dialog.remoteTarget);
    const authorization = this.#digest?.authorize(method, uri, address) ?? [];
    const draft = this.#dialog.request(method, [...authorization, ...this.#host.userAgent, ...headers], body);
    return new Promise((resolve, reject) => {
      let acknowledged = false;
      this.#host.send(draft, flow, {
        onResponse: (response) => {
          if (response.status < 200) {
            return;
          }
          const { status, reason } = response;
          if (method === 'INVITE' && status < 300) {
            if (acknowledged) {
              this.acknowledgeAgain(response);
              return;
            }
            acknowledged = true;
            this.#dialog.refreshTarget(response);
            this.acknowledge(draft.cseq.number).then(
              () => resolve({ status, reason, response, address }),
              reject,
            );
          } else {
            resolve({ status, reason, response, address });
          }
        },
        onFailure: (kind) =>
          resolve(
            kind === 'timeout'
              ? { status: 408, reason: 'Request Timeout', address }
              : { status: 503, reason: 'Service Unavailable', address },
          ),
      });
    });
  }
}
