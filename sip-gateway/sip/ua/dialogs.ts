import { type Dialog, dialogKey } from '../dialog/index.ts';
import { type SipRequest, type SipResponse, tagOf } from '../message/index.ts';
import type { ServerInviteTransaction } from '../transaction/index.ts';
import type { DialogUsage } from './call-types.ts';

/** Finds the call that a message belongs to. */
export class Dialogs {
  readonly #usages = new Map<string, DialogUsage>();
  readonly #invites = new WeakMap<ServerInviteTransaction, DialogUsage>();

  get size(): number {
    return this.#usages.size;
  }

  adopt(dialog: Dialog, usage: DialogUsage): void {
    this.#usages.set(dialog.key, usage);
  }

  drop(dialog: Dialog): void {
    this.#usages.delete(dialog.key);
  }

  withKey(key: string): DialogUsage | undefined {
    return this.#usages.get(key);
  }

  ofRequest({ callId, to, from }: SipRequest): DialogUsage | undefined {
    return this.#usages.get(dialogKey(callId, tagOf(to) ?? '', tagOf(from) ?? ''));
  }

  ofResponse({ callId, to, from }: SipResponse): DialogUsage | undefined {
    return this.#usages.get(dialogKey(callId, tagOf(from) ?? '', tagOf(to) ?? ''));
  }

  /** Keeps whose INVITE this is, for its CANCEL. */
  setInvite(transaction: ServerInviteTransaction, usage: DialogUsage): void {
    this.#invites.set(transaction, usage);
  }

  ofInvite(transaction: ServerInviteTransaction): DialogUsage | undefined {
    return this.#invites.get(transaction);
  }
}
