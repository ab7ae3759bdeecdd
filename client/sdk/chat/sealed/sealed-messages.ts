import { CanopyError } from '../../../../contract/light.ts';
import type { ContentMember, OpenedContent, RoomContent } from '../../encryption/index.ts';
import type { ChatFile, ChatMessage } from '../chat-messages.ts';
import { type MessageContent, readMessage, readReaction } from './message-content.ts';
import { NewestVersions } from './newest-versions.ts';

/** Envelopes whose content is remembered. */
const MAX_REMEMBERED = 5000;

/** Why messages are not shown. */
export interface UnreadableCounts {
  /** They were written for those who were in the room at another time: this device has no keys for them. */
  locked: number;
  /** They are not encrypted or not genuine. */
  refused: number;
}

/** A message as the server has it, and what is in it. */
interface Entry {
  readonly raw: ChatMessage;
  outcome: Outcome | undefined;
  readonly done: Promise<void>;
}

interface Opened {
  message: ChatMessage;
  /** Undefined: the message is gone. */
  content: MessageContent | undefined;
  /** The account that wrote it, as the certificate says; of a message that is gone, what the server says. */
  accountId: string | undefined;
}

/** `outdated`: this device has seen a newer version elsewhere. */
type Outcome = 'locked' | 'refused' | 'outdated' | Opened;

/** Opens the messages of an encrypted room. */
export class SealedMessages {
  readonly #content: RoomContent;
  readonly #changed: () => void;
  readonly #entries = new Map<number, Entry>();
  /** What envelopes contained. */
  readonly #opened = new Map<string, Promise<OpenedContent | 'locked' | 'refused'>>();
  /** Of messages and reactions, by who wrote them: members choose ids, and can choose those of others. */
  readonly #versions = new NewestVersions();
  #list: readonly ChatMessage[] = [];

  /** @param changed messages were opened */
  constructor(content: RoomContent, changed: () => void) {
    this.#content = content;
    this.#changed = changed;
    content.on('keys', () => this.#retry());
  }

  /** Those that could be opened, oldest first. */
  get list(): readonly ChatMessage[] {
    return this.#list;
  }

  get unreadable(): UnreadableCounts {
    const outcomes = [...this.#entries.values()].map(({ outcome }) => outcome);
    return {
      locked: outcomes.filter((outcome) => outcome === 'locked').length,
      refused: outcomes.filter((outcome) => outcome === 'refused' || outcome === 'outdated').length,
    };
  }

  /** These are the messages now: opens what is new. */
  update(raws: readonly ChatMessage[]): void {
    const seqs = new Set(raws.map(({ seq }) => seq));
    for (const seq of this.#entries.keys()) {
      if (!seqs.has(seq)) {
        this.#entries.delete(seq);
      }
    }
    for (const raw of raws) {
      if (this.#entries.get(raw.seq)?.raw !== raw) {
        this.#begin(raw);
      }
    }
    this.#rebuild();
  }

  /** A message of the list once it has been opened; undefined: it cannot be, or there is a newer version of it. */
  async opened(raw: ChatMessage): Promise<ChatMessage | undefined> {
    const entry = this.#entries.get(raw.seq);
    await entry?.done;
    return this.#list.find(({ seq, rev }) => seq === raw.seq && rev === raw.rev);
  }

  /** Opens a message that need not be in the list. */
  async open(raw: ChatMessage): Promise<ChatMessage | undefined> {
    const outcome = await this.#open(raw);
    const entry = this.#entries.get(raw.seq);
    if (entry && entry.raw.rev > raw.rev) {
      // It has changed since it was fetched.
      await entry.done;
      return this.#list.find(({ seq }) => seq === raw.seq);
    }
    return typeof outcome === 'string' ? undefined : outcome.message;
  }

  /** What is in a message, and which account wrote it. @throws {CanopyError} CHAT_MESSAGE_UNKNOWN - it is not there, or cannot be read */
  async contentOf(
    seq: number,
  ): Promise<{ message: ChatMessage; content: MessageContent; accountId: string }> {
    const entry = this.#entries.get(seq);
    await entry?.done;
    const outcome = entry?.outcome;
    if (typeof outcome !== 'object' || !outcome.content || outcome.accountId === undefined) {
      throw new CanopyError('CHAT_MESSAGE_UNKNOWN');
    }
    return { message: outcome.message, content: outcome.content, accountId: outcome.accountId };
  }

  /** The newest version of an account's reaction to a message of `author` that this device has seen. */
  reactionVersion(id: string, author: string, accountId: string): number | undefined {
    return this.#versions.get(reactionKey(id, author, accountId));
  }

  #begin(raw: ChatMessage): void {
    // What is shown of it so far stays until it is opened again.
    const before = this.#entries.get(raw.seq)?.outcome;
    const run = async () => {
      const outcome = await this.#open(raw);
      if (this.#entries.get(raw.seq) === entry) {
        entry.outcome = outcome;
        this.#rebuild();
        this.#changed();
      }
    };
    const entry: Entry = { raw, outcome: typeof before === 'object' ? before : undefined, done: run() };
    this.#entries.set(raw.seq, entry);
  }

  /** There are more keys. */
  #retry(): void {
    for (const { raw, outcome } of this.#entries.values()) {
      if (outcome === 'locked') {
        this.#begin(raw);
      }
    }
  }

  #rebuild(): void {
    const seen = new Set<string>();
    const list: ChatMessage[] = [];
    for (const seq of [...this.#entries.keys()].sort((a, b) => a - b)) {
      const entry = this.#entries.get(seq);
      const { outcome } = entry ?? {};
      if (entry && typeof outcome === 'object') {
        const key = messageKey(outcome.message.id, outcome.accountId);
        // The same message in a second place.
        if (seen.has(key)) {
          entry.outcome = this.#content.refuse('a message for the second time');
        } else {
          seen.add(key);
          list.push(outcome.message);
        }
      }
    }
    this.#list = list;
  }

  async #open(raw: ChatMessage): Promise<Outcome> {
    // Settles first, so that nothing is opened before its entry is there.
    await Promise.resolve();
    if (raw.gone !== undefined) {
      const message = { ...raw, text: '', files: [], mentions: [], reactions: [] };
      return { message, content: undefined, accountId: raw.author?.accountId };
    }
    if (raw.sealed === undefined) {
      return this.#content.refuse('a message that is not encrypted');
    }
    const kind = raw.editedAtMs === undefined ? 'message' : 'edit';
    const opened = await this.#openSealed(kind, raw.id, raw.sealed);
    if (typeof opened === 'string') {
      return opened;
    }
    const { sender } = opened;
    let content: MessageContent;
    try {
      content = readMessage(opened.content);
    } catch (cause) {
      return this.#content.refuse(CanopyError.from(cause).detail ?? kind, sender.deviceId);
    }
    if (!isOf(sender, raw.author?.accountId)) {
      return this.#content.refuse('a message of somebody else', sender.deviceId);
    }
    const { accountId } = sender;
    const isOfKind = (kind === 'edit') === content.version > 0;
    const seen = isOfKind && this.#versions.see(messageKey(raw.id, accountId), content.version, raw.rev);
    if (seen === 'outdated') {
      return seen;
    }
    if (seen !== 'newest') {
      return this.#content.refuse('an earlier version of a message', sender.deviceId);
    }
    return { message: await this.#shown(raw, content, sender), content, accountId };
  }

  async #shown(raw: ChatMessage, content: MessageContent, sender: ContentMember): Promise<ChatMessage> {
    const { text, mentions, replyTo, files } = content;
    const { author, files: stored = [], replyTo: _, ...rest } = raw;
    return {
      ...rest,
      // The name in the certificate, whatever the server says.
      author: author && {
        ...author,
        certifiedName: author.displayName === sender.name ? undefined : sender.name,
      },
      text,
      mentions,
      reactions: await this.#reactions(raw, sender.accountId),
      ...(replyTo && { replyTo: replyTo.seq, replyToId: replyTo.id, replyToAuthor: replyTo.author }),
      ...(files.length > 0 && {
        files: files.map((file): ChatFile => {
          const { fileId, name, type, width, height, size, thumbnail } = file;
          const known = stored.find((each) => each.fileId === fileId);
          return {
            ...{ fileId, name, type, size },
            ...(width !== undefined && height !== undefined && { width, height }),
            ...(thumbnail !== undefined && { hasThumbnail: true }),
            ...((known === undefined || known.gone) && { gone: true }),
          };
        }),
      }),
    };
  }

  /** The reactions that can be read, in the order in which each emoji was first used. */
  async #reactions(raw: ChatMessage, author: string): Promise<ChatMessage['reactions']> {
    const byEmoji = new Map<string, string[]>();
    for (const { accountId, sealed } of raw.sealedReactions ?? []) {
      for (const emoji of await this.#reactionOf(raw, author, accountId, sealed)) {
        byEmoji.set(emoji, [...(byEmoji.get(emoji) ?? []), accountId]);
      }
    }
    return [...byEmoji].map(([emoji, accountIds]) => ({ emoji, accountIds }));
  }

  async #reactionOf(
    { id, rev }: ChatMessage,
    author: string,
    accountId: string,
    sealed: string,
  ): Promise<string[]> {
    const opened = await this.#openSealed('reaction', reactionId(id, accountId), sealed);
    if (typeof opened === 'string') {
      return [];
    }
    try {
      if (!isOf(opened.sender, accountId)) {
        throw new CanopyError('ENCRYPTION_INVALID', 'a reaction of somebody else');
      }
      const reaction = readReaction(opened.content);
      if (reaction.author !== author) {
        throw new CanopyError('ENCRYPTION_INVALID', 'a reaction to another message');
      }
      const seen = this.#versions.see(reactionKey(id, author, accountId), reaction.version, rev);
      // No alarm: a device of the account whose clock is behind may have written it, and the server could as well withhold all of them.
      return seen === 'newest' ? reaction.emoji : [];
    } catch (cause) {
      this.#content.refuse(CanopyError.from(cause).detail ?? 'reaction', opened.sender.deviceId);
      return [];
    }
  }

  /** Verifying each signature once is enough. */
  #openSealed(kind: 'message' | 'edit' | 'reaction', id: string, sealed: string) {
    const key = `${kind} ${id} ${sealed}`;
    const known = this.#opened.get(key);
    if (known) {
      return known;
    }
    const opening = this.#content.open(kind, id, sealed);
    this.#opened.set(key, opening);
    void opening.then((outcome) => outcome === 'locked' && this.#opened.delete(key));
    const [oldest] = this.#opened.keys();
    if (this.#opened.size > MAX_REMEMBERED && oldest !== undefined) {
      this.#opened.delete(oldest);
    }
    return opening;
  }
}

/** What a reaction is about. */
export function reactionId(messageId: string, accountId: string): string {
  return `${messageId} ${accountId}`;
}

/** What a message is known by. */
function messageKey(id: string, author: string | undefined): string {
  return `${id} of ${author}`;
}

/** What a reaction is known by. */
function reactionKey(id: string, author: string, accountId: string): string {
  return `${messageKey(id, author)} by ${accountId}`;
}

/** Whether a device is of the account that the server names; nobody, once that was deleted. */
function isOf(sender: ContentMember, accountId: string | undefined): boolean {
  return accountId === undefined || accountId === sender.accountId;
}
