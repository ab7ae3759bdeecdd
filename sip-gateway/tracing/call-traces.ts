import type { TracedMessage } from '../../contract/index.ts';
import { RecentMap, type SeenMessage } from '../sip/index.ts';
import { withoutSecrets } from './without-secrets.ts';

/** Maximum number of calls whose messages are kept, also after their end; and of dialogs of which it is not known whose they are. */
const MAX_CALLS = 500;
const MAX_UNKNOWN = 200;
/** Maximum number of messages of one SIP call, and the length that is kept of each, in bytes. */
const MAX_MESSAGES = 60;
const MAX_BYTES = 4000;
/** Where the Call-ID is looked for, in bytes from the beginning. */
const HEAD_BYTES = 4000;
const CALL_ID = /^(?:call-id|i)[ \t]*:[ \t]*(\S+)/im;

interface Kept {
  readonly atMs: number;
  readonly message: SeenMessage;
}

/** The latest SIP messages of each call, in memory only, so that an operator can see what a phone and the gateway said to each other. */
export class CallTraces {
  /** By Call-ID: what strangers send is forgotten first. */
  readonly #unknown = new RecentMap<string, Kept[]>(MAX_UNKNOWN);
  readonly #known = new RecentMap<string, Kept[]>(MAX_CALLS);
  /** Call-IDs of each call: one, or several once it was forwarded or replaced. */
  readonly #callIds = new RecentMap<string, readonly string[]>(MAX_CALLS);

  /** Takes a message that was received or sent. */
  see(message: SeenMessage): void {
    const head = message.bytes.toString('latin1', 0, HEAD_BYTES);
    const sipCallId = CALL_ID.exec(head)?.[1];
    if (sipCallId === undefined) {
      return;
    }
    let messages = this.#known.get(sipCallId) ?? this.#unknown.get(sipCallId);
    if (!messages) {
      messages = [];
      this.#unknown.put(sipCallId, messages);
    }
    if (messages.length < MAX_MESSAGES) {
      // A copy: the bytes may be part of a larger buffer.
      const bytes = Buffer.from(message.bytes.subarray(0, MAX_BYTES));
      messages.push({ atMs: Date.now(), message: { ...message, bytes } });
    }
  }

  /** Keeps the messages with this Call-ID: they belong to a call. */
  keep(callId: string, sipCallId: string): void {
    const known = this.#callIds.get(callId) ?? [];
    if (!known.includes(sipCallId)) {
      this.#callIds.put(callId, [...known, sipCallId]);
      this.#known.put(sipCallId, this.#unknown.get(sipCallId) ?? []);
      this.#unknown.delete(sipCallId);
    }
  }

  /** The messages of a call, earliest first and without secrets. */
  of(callId: string): TracedMessage[] {
    const sipCallIds = this.#callIds.get(callId) ?? [];
    return sipCallIds
      .flatMap((sipCallId) => this.#known.get(sipCallId) ?? [])
      .sort((a, b) => a.atMs - b.atMs)
      .map(({ atMs, message: { sent, overTcp, local, remote, bytes } }) => ({
        atMs,
        sent,
        overTcp,
        local,
        remote,
        text: withoutSecrets(bytes).toString(),
      }));
  }
}
