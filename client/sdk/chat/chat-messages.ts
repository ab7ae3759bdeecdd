import type { EventData, RequestResult } from '../../../contract/index.ts';

/** A message in the chat of a room. */
export type ChatMessage = EventData<'chat.sent'>['message'] & {
  /** In an encrypted room: the id of the message that it answers. Another message at `replyTo` is not meant. */
  replyToId?: string;
  /** And the account that wrote it. */
  replyToAuthor?: string;
};
/** A file in a message. */
export type ChatFile = NonNullable<ChatMessage['files']>[number];
type ChatChange = NonNullable<EventData<'chat.changed'>['change']>;
type ChatPosition = NonNullable<RequestResult<'chat.sync'>['position']>;

/**
 * The known messages, without gaps up to the newest, and the state of the chat that they show. Answers and events may come in any order and
 * more than once: each change is applied once.
 */
export class ChatMessages {
  #list: readonly ChatMessage[] = [];
  #position: ChatPosition | undefined;
  /** Revisions of events that came while an answer was pending. */
  #early: number[] = [];
  /** Whether there are older messages that are not loaded. */
  hasOlder = false;

  /** Oldest first. */
  get list(): readonly ChatMessage[] {
    return this.#list;
  }

  get position(): ChatPosition | undefined {
    return this.#position;
  }

  find(seq: number): ChatMessage | undefined {
    return this.#list.find((message) => message.seq === seq);
  }

  /** Applies the answer to `chat.sync`. Returns false if changes are missing. */
  sync({ position, fresh, messages, more }: RequestResult<'chat.sync'>): boolean {
    if (fresh) {
      const newer = this.#list.filter(
        ({ rev }) => position?.chatId === this.#position?.chatId && rev > (position?.rev ?? 0),
      );
      this.#list = [];
      this.hasOlder = more;
      this.#upsert([...messages, ...newer]);
    } else {
      this.#upsert(messages);
    }
    this.#position = position ?? undefined;
    const early = this.#early.sort((a, b) => a - b);
    this.#early = [];
    return early.every((rev) => this.#advance(rev));
  }

  /** Applies a new message. Returns false if earlier changes are missing. */
  add(message: ChatMessage): boolean {
    this.#upsert([message]);
    return this.#advance(message.rev);
  }

  /** Applies a change. Returns false if it, or an earlier one, is missing. */
  change(seq: number, rev: number, change: ChatChange | undefined): boolean {
    const known = this.find(seq);
    if (change === undefined) {
      return rev <= (this.#position?.rev ?? 0);
    }
    if (known && known.rev < rev) {
      const { sealedReaction, ...parts } = change;
      const sealedReactions = sealedReaction && withSealedReaction(known, sealedReaction);
      this.#upsert([{ ...known, ...parts, ...(sealedReactions && { sealedReactions }), rev }]);
    }
    return this.#advance(rev);
  }

  /** Adds a page of older messages. */
  prepend({ messages, more }: RequestResult<'chat.history'>): void {
    this.#upsert(messages, true);
    this.hasOlder = more;
  }

  /** Forgets everything. */
  clear(): void {
    this.#list = [];
    this.#position = undefined;
    this.hasOlder = false;
  }

  /** Returns false if revisions are missing before this one. */
  #advance(rev: number): boolean {
    const position = this.#position;
    if (!position) {
      this.#early.push(rev);
      return true;
    }
    if (rev === position.rev + 1) {
      this.#position = { ...position, rev };
    }
    return rev <= position.rev + 1;
  }

  /** Messages older than those loaded are left to the next page of history. */
  #upsert(messages: readonly ChatMessage[], older = false): void {
    const oldest = this.#list[0]?.seq ?? 0;
    const bySeq = new Map(this.#list.map((message) => [message.seq, message]));
    for (const message of messages) {
      const isWanted = older || !this.hasOlder || message.seq >= oldest;
      if (isWanted && message.rev >= (bySeq.get(message.seq)?.rev ?? 0)) {
        bySeq.set(message.seq, message);
      }
    }
    this.#list = [...bySeq.values()].sort((a, b) => a.seq - b.seq);
  }
}

function withSealedReaction(
  { sealedReactions = [] }: ChatMessage,
  { accountId, sealed }: NonNullable<ChatChange['sealedReaction']>,
): NonNullable<ChatMessage['sealedReactions']> {
  const others = sealedReactions.filter((each) => each.accountId !== accountId);
  return sealed === undefined ? others : [...others, { accountId, sealed }];
}
