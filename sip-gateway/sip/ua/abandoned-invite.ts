import { Dialog } from '../dialog/index.ts';
import { type HeaderField, type SipRequest, type SipResponse, tagOf } from '../message/index.ts';
import type { CallHost, MaybeDigest, PeerPlace } from './call-types.ts';
import { InDialogClient } from './in-dialog-client.ts';

/**
 * An INVITE that nobody waits for any more: it got no response, so that the next route was tried, or an earlier process sent it. If a
 * response comes after all, the INVITE is cancelled, and a call that was answered is ended (RFC 3261 §13.2.2.4).
 */
export class AbandonedInvite {
  readonly #host: CallHost;
  readonly #invite: SipRequest;
  readonly #place: PeerPlace;
  readonly #digest: MaybeDigest;
  readonly #ended = new Map<string, InDialogClient>();
  #cancelled = false;

  constructor(host: CallHost, invite: SipRequest, place: PeerPlace, digest: MaybeDigest) {
    this.#host = host;
    this.#invite = invite;
    this.#place = place;
    this.#digest = digest;
  }

  /** Sends CANCEL, once. `why`: further fields. */
  cancel(why: readonly HeaderField[] = []): void {
    if (!this.#cancelled) {
      this.#cancelled = true;
      this.#host.sendCancel(this.#invite, this.#place.flow, why);
    }
  }

  receive(response: SipResponse): void {
    const { status } = response;
    if (status < 200) {
      this.cancel();
    } else if (status >= 200 && status < 300) {
      void this.#end(response);
    }
  }

  async #end(response: SipResponse): Promise<void> {
    const tag = tagOf(response.to) ?? '';
    const known = this.#ended.get(tag);
    if (known) {
      known.acknowledgeAgain(response);
      return;
    }
    const { dialog, usable } = Dialog.ofSuccess(this.#invite, response, undefined);
    dialog.useSequence(this.#invite.cseq.number);
    const place = { ...this.#place, direct: !usable };
    const client = new InDialogClient(this.#host, dialog, this.#digest, () => place);
    this.#ended.set(tag, client);
    try {
      await client.acknowledge(response.cseq.number);
      await client.request('BYE', [], undefined);
    } catch {
      // The callee is unreachable. It ends the call when no ACK arrives.
    }
  }
}
