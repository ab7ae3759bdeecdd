import type {
  EventData,
  EventName,
  RequestInput,
  RequestName,
  RequestResult,
} from '../../../contract/index.ts';
import { CanopyError } from '../../../contract/light.ts';
import { Emitter } from '../emitter.ts';
import type { RoomContent } from '../encryption/index.ts';
import { Reconciler } from '../reconciler.ts';
import { ChatFiles } from './chat-files.ts';
import { type ChatMessage, ChatMessages } from './chat-messages.ts';
import { ChatOutbox, type NewMessage, type PendingMessage } from './chat-outbox.ts';
import type { FileUpload, NewFile } from './file-upload.ts';
import type { SealedChat, UnreadableCounts } from './sealed/index.ts';

export interface ChatEvents {
  /** The messages, those on their way, what is unread or who is writing has changed. */
  changed: [];
  /** Somebody else wrote a message just now. */
  message: [message: ChatMessage, isMention: boolean];
}

export interface UnreadCounts {
  /** Messages of others. More than 100 count as 100. */
  messages: number;
  /** Those of them that mention this account. */
  mentions: number;
}

export interface ChatHost {
  readonly roomId: string;
  readonly accountId: string;
  request<N extends RequestName>(name: N, data: RequestInput<N>): Promise<RequestResult<N>>;
  onServerEvent<N extends EventName>(name: N, apply: (data: EventData<N>) => void): void;
  /** The absolute URL of a path on the server. */
  url(path: string): string;
  /** What encrypts messages; undefined if the room is not encrypted. */
  content(): RoomContent | undefined;
}

/** How often others are told that this user is writing, and how long they show it, in milliseconds. */
const TYPING_MS = 3000;
const SHOW_TYPING_MS = 5000;
/** How often the read mark is sent at most, in milliseconds. */
const READ_MS = 1000;
const PAGE = 50;
/** The largest page that the server sends. */
const MAX_PAGE = 100;

/**
 * The chat of a room. Messages that were missed while the connection was lost are fetched afterwards, and those written meanwhile are sent:
 * each appears once, in the same order for everyone.
 */
export class Chat extends Emitter<ChatEvents> {
  readonly #host: ChatHost;
  readonly #messages = new ChatMessages();
  readonly #outbox: ChatOutbox;
  readonly #files: ChatFiles;
  readonly #sync: Reconciler;
  /** In an encrypted room: loads when that is known. */
  #sealing: Promise<SealedChat> | undefined;
  #sealed: SealedChat | undefined;
  /** Until when each participant is shown as writing, by performance.now(). */
  readonly #typing = new Map<string, number>();
  #isLoaded = false;
  #error: CanopyError | undefined;
  #rights = { maySend: true, maySendFiles: false, mayModerate: false };
  #maxFileBytes = 0;
  #readSeq = 0;
  /** Unread messages that are not loaded. */
  #unreadBefore: UnreadCounts = { messages: 0, mentions: 0 };
  #loadingOlder: Promise<void> | undefined;
  #typedAtMs = Number.NEGATIVE_INFINITY;
  #typingTimer: ReturnType<typeof setTimeout> | undefined;
  #readTimer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** @internal */
  constructor(host: ChatHost) {
    super();
    this.#host = host;
    this.#outbox = new ChatOutbox({
      send: async (message) => {
        const sealed = this.#whenSealed();
        await host.request('chat.send', sealed ? await (await sealed).seal(message) : message);
        if (this.pending.some(({ id }) => id === message.id)) {
          // The event is lost, or this client may not read what others get.
          this.#sync.poke();
        }
      },
      changed: () => this.emit('changed'),
    });
    this.#files = new ChatFiles({
      roomId: host.roomId,
      request: (name, data) => host.request(name, data),
      url: (path) => host.url(path),
      changed: () => {
        this.#outbox.uploaded();
        this.emit('changed');
      },
      sealed: () => this.#whenSealed(),
    });
    this.#sync = new Reconciler({
      pass: () => this.#syncOnce(),
      failed: (error) => {
        this.#error = error;
        this.emit('changed');
      },
    });
    host.onServerEvent('chat.sent', (data) => this.#sent(data));
    host.onServerEvent('chat.changed', (data) => this.#changed(data));
    host.onServerEvent('chat.cleared', () => this.#cleared());
    host.onServerEvent('chat.typing', ({ participantIds }) => this.#areTyping(participantIds));
    host.onServerEvent('chat.readTo', ({ seq }) => this.#readTo(seq));
    host.onServerEvent('participant.left', ({ participantId }) => this.#left(participantId));
  }

  /** The loaded messages, oldest first. The array is replaced when it changes. */
  get messages(): readonly ChatMessage[] {
    return this.isEncrypted ? (this.#sealed?.messages.list ?? []) : this.#messages.list;
  }

  /** Whether messages, reactions and files are end-to-end encrypted. */
  get isEncrypted(): boolean {
    return this.#host.content() !== undefined;
  }

  /** How many of the loaded messages are not shown, because this device cannot read them. */
  get unreadable(): UnreadableCounts {
    return this.#sealed?.messages.unreadable ?? { locked: 0, refused: 0 };
  }

  /** This user's messages that the server does not have yet, in their order. */
  get pending(): readonly PendingMessage[] {
    return this.#outbox.list;
  }

  /** Whether loadOlder() finds more. */
  get hasOlder(): boolean {
    return this.#messages.hasOlder;
  }

  /** Whether the newest messages have been loaded. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Why the chat cannot be read. */
  get error(): CanopyError | undefined {
    return this.#error;
  }

  /** Whether this user may write. */
  get maySend(): boolean {
    return this.#rights.maySend;
  }

  /** Whether this user may send files. */
  get maySendFiles(): boolean {
    return this.#rights.maySendFiles;
  }

  /** Maximum size of a file, in bytes. Encrypted ones grow. */
  get maxFileBytes(): number {
    return this.#sealed?.largestFile(this.#maxFileBytes) ?? this.#maxFileBytes;
  }

  /** Whether this user may remove messages of others. */
  get mayModerate(): boolean {
    return this.#rights.mayModerate;
  }

  /** `seq` up to which this account has read. */
  get readSeq(): number {
    return this.#readSeq;
  }

  get unread(): UnreadCounts {
    const unread = this.messages.filter((message) => this.#isUnread(message));
    const before = this.#readSeq < (this.#messages.list[0]?.seq ?? 0) ? this.#unreadBefore : undefined;
    return {
      messages: Math.min(100, unread.length + (before?.messages ?? 0)),
      mentions: unread.filter((message) => this.#mentions(message)).length + (before?.mentions ?? 0),
    };
  }

  /** Participant ids of others who are writing. */
  get typing(): string[] {
    return [...this.#typing.keys()];
  }

  /** Writes a message. It is in `pending` until the server has it, also while the connection is lost. */
  send(message: NewMessage): PendingMessage {
    this.#typedAtMs = Number.NEGATIVE_INFINITY;
    return this.#outbox.add(message);
  }

  /** Starts to upload a file, for a message to come. It continues after a lost connection. */
  upload(file: NewFile): FileUpload {
    return this.#files.upload(file);
  }

  /**
   * Where to get a file of a message: a URL that is valid for a minute. In encrypted rooms, the file has been fetched and decrypted (up to
   * 1 GiB), and the URL is one of this page.
   *
   * @throws {CanopyError} FILE_UNKNOWN, FORBIDDEN, RATE_LIMITED, CONNECTION_LOST
   */
  openFile(seq: number, fileId: string): Promise<string> {
    return this.#files.open(seq, fileId);
  }

  /**
   * Fetches a file of a message.
   *
   * @throws {CanopyError} FILE_UNKNOWN, FORBIDDEN, RATE_LIMITED, CONNECTION_LOST; in encrypted rooms also FILE_UNREADABLE, FILE_TOO_LARGE
   */
  downloadFile(seq: number, fileId: string): Promise<Blob> {
    return this.#files.download(seq, fileId);
  }

  /** A small version of a picture in a message, as a data URL. @throws {CanopyError} FILE_UNKNOWN, RATE_LIMITED, CONNECTION_LOST */
  thumbnail(seq: number, fileId: string): Promise<string> {
    return this.#files.thumbnail(seq, fileId);
  }

  /** Sends a failed message again. */
  retry(id: string): void {
    this.#outbox.retry(id);
  }

  /** Drops a message that has not been sent, with its files. */
  discard(id: string): void {
    this.#outbox.discard(id);
  }

  /** Changes one's own message. @throws {CanopyError} CHAT_MESSAGE_UNKNOWN, FORBIDDEN, RATE_LIMITED, CHAT_FULL */
  async edit(seq: number, text: string, mentions: string[] = []): Promise<void> {
    const sealed = await this.#whenSealed();
    await this.#host.request(
      'chat.edit',
      sealed ? await sealed.sealEdit(seq, text, mentions) : { seq, text, mentions },
    );
  }

  /** Deletes one's own message, or removes that of another person. @throws {CanopyError} CHAT_MESSAGE_UNKNOWN, FORBIDDEN */
  async delete(seq: number): Promise<void> {
    await this.#host.request('chat.delete', { seq });
  }

  /** Puts an emoji on a message, or takes it off. @throws {CanopyError} CHAT_MESSAGE_UNKNOWN, LIMIT_REACHED, RATE_LIMITED */
  async react(seq: number, emoji: string, on: boolean): Promise<void> {
    const sealed = await this.#whenSealed();
    await this.#host.request(
      'chat.react',
      sealed ? await sealed.sealReaction(seq, emoji, on) : { seq, emoji, on },
    );
  }

  /** Tells others that this user is writing. Call it on each keystroke. */
  notifyTyping(): void {
    const nowMs = performance.now();
    if (nowMs - this.#typedAtMs >= TYPING_MS) {
      this.#typedAtMs = nowMs;
      this.#host.request('chat.typing', {}).catch(() => {});
    }
  }

  /** Records that this user has read everything up to a message, on all their devices. */
  markRead(seq: number): void {
    if (seq <= this.#readSeq) {
      return;
    }
    this.#readSeq = seq;
    this.emit('changed');
    this.#readTimer ??= setTimeout(() => {
      this.#readTimer = undefined;
      this.#host.request('chat.read', { seq: this.#readSeq }).catch(() => {});
    }, READ_MS);
  }

  /** Loads a page of older messages. @throws {CanopyError} STORE_UNAVAILABLE, RATE_LIMITED, CONNECTION_LOST */
  loadOlder(): Promise<void> {
    const [oldest] = this.#messages.list;
    if (!oldest || !this.hasOlder) {
      return Promise.resolve();
    }
    const { roomId } = this.#host;
    this.#loadingOlder ??= this.#host
      .request('chat.history', { roomId, before: oldest.seq, limit: PAGE })
      .then((page) => {
        // A chat that was reset meanwhile has other pages.
        if (this.#messages.list[0] === oldest) {
          this.#messages.prepend(page);
          this.#show();
        }
      })
      .finally(() => {
        this.#loadingOlder = undefined;
      });
    return this.#loadingOlder;
  }

  /** A message by `seq`, loaded or not; undefined if it is not there or this user may not read it. */
  async find(seq: number): Promise<ChatMessage | undefined> {
    const { roomId } = this.#host;
    const known = this.messages.find((message) => message.seq === seq);
    if (known) {
      return known;
    }
    const { messages } = await this.#host.request('chat.history', { roomId, after: seq - 1, limit: 1 });
    const found = messages.find((message) => message.seq === seq);
    const sealed = await this.#whenSealed();
    return sealed && found ? sealed.messages.open(found) : found;
  }

  /**
   * Messages with words that begin with those of the query, newest first. In encrypted rooms, this client looks through all messages.
   *
   * @param before only messages before this `seq`: for the next page
   * @throws {CanopyError} RATE_LIMITED, STORE_UNAVAILABLE, CONNECTION_LOST
   */
  async search(query: string, before?: number): Promise<{ messages: ChatMessage[]; more: boolean }> {
    const { roomId } = this.#host;
    const sealed = await this.#whenSealed();
    if (sealed) {
      return sealed.search(query, before);
    }
    return this.#host.request('chat.search', {
      roomId,
      query,
      limit: PAGE,
      ...(before !== undefined && { before }),
    });
  }

  /** Everything that this user may read, oldest first. @throws {CanopyError} STORE_UNAVAILABLE, CONNECTION_LOST */
  async export(): Promise<ChatMessage[]> {
    const all: ChatMessage[] = [];
    for (let more = true; more; ) {
      const page = await this.#page({ after: all.at(-1)?.seq ?? 0 });
      all.push(...page.messages);
      more = page.more && page.messages.length > 0;
    }
    const sealed = await this.#whenSealed();
    if (!sealed) {
      return all;
    }
    const opened = await Promise.all(all.map((message) => sealed.messages.open(message)));
    return opened.filter((message) => message !== undefined);
  }

  /** @internal The room was entered or re-entered, or this user has another role in it. */
  entered(): void {
    this.#error = undefined;
    void this.#whenSealed();
    this.#sync.poke();
    this.#outbox.flush();
    this.#files.entered();
  }

  /** @internal */
  close(): void {
    this.#closed = true;
    this.#sync.stop();
    this.#outbox.close();
    this.#files.close();
    this.#sealed?.close();
    clearTimeout(this.#typingTimer);
    clearTimeout(this.#readTimer);
  }

  #sent({ message }: EventData<'chat.sent'>): void {
    const isKnown = this.#messages.find(message.seq) !== undefined;
    const isNext = this.#messages.add(message);
    this.#typing.delete(message.author?.participantId ?? '');
    this.#arrived([message]);
    if (!isNext) {
      this.#sync.poke();
    }
    this.#show();
    if (!isKnown && message.author?.accountId !== this.#host.accountId) {
      void this.#announce(message);
    }
  }

  #changed({ seq, rev, change }: EventData<'chat.changed'>): void {
    if (!this.#messages.change(seq, rev, change)) {
      this.#sync.poke();
    }
    this.#show();
  }

  #cleared(): void {
    this.#messages.clear();
    this.#readSeq = 0;
    this.#unreadBefore = { messages: 0, mentions: 0 };
    this.#sync.poke();
    this.#show();
  }

  #areTyping(participantIds: readonly string[]): void {
    for (const participantId of participantIds) {
      this.#typing.set(participantId, performance.now() + SHOW_TYPING_MS);
    }
    this.emit('changed');
    this.#typingTimer ??= setTimeout(() => this.#forgetTyping(), SHOW_TYPING_MS);
  }

  #left(participantId: string): void {
    if (this.#typing.delete(participantId)) {
      this.emit('changed');
    }
  }

  /** This account has read on another device. */
  #readTo(seq: number): void {
    if (seq > this.#readSeq) {
      this.#readSeq = seq;
      this.emit('changed');
    }
  }

  /** Shows the messages as they are now. */
  #show(): void {
    this.#sealed?.messages.update(this.#messages.list);
    this.emit('changed');
  }

  /** Reports a message of somebody else, once it can be read. */
  async #announce(raw: ChatMessage): Promise<void> {
    const message = this.isEncrypted ? await (await this.#whenSealed())?.messages.opened(raw) : raw;
    if (message && !this.#closed) {
      this.emit('message', message, this.#mentions(message));
    }
  }

  /** What encrypts this chat; undefined if the room is not encrypted. */
  #whenSealed(): Promise<SealedChat> | undefined {
    const content = this.#host.content();
    if (content) {
      this.#sealing ??= this.#seal(content);
    }
    return this.#sealing;
  }

  async #seal(content: RoomContent): Promise<SealedChat> {
    const { SealedChat } = await import('./sealed/index.ts');
    this.#sealed = new SealedChat({
      accountId: this.#host.accountId,
      content,
      page: (before) => this.#page(before === undefined ? {} : { before }),
      changed: () => this.emit('changed'),
    });
    this.#show();
    return this.#sealed;
  }

  /** A page of history, as soon as the server permits one more. */
  async #page(which: { after?: number; before?: number }): Promise<RequestResult<'chat.history'>> {
    for (;;) {
      try {
        return await this.#host.request('chat.history', {
          roomId: this.#host.roomId,
          ...which,
          limit: MAX_PAGE,
        });
      } catch (error) {
        if (CanopyError.from(error).code !== 'RATE_LIMITED') {
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, READ_MS));
      }
    }
  }

  async #syncOnce(): Promise<void> {
    const { position } = this.#messages;
    const { roomId, accountId } = this.#host;
    const result = await this.#host.request('chat.sync', { roomId, ...(position && { since: position }) });
    if (this.#closed) {
      return;
    }
    const before = this.#messages.list.at(-1)?.seq;
    const isComplete = this.#messages.sync(result);
    const isFirst = !this.#isLoaded;
    const { maySend, maySendFiles = false, mayModerate, readSeq, unread, unreadMentions } = result;
    this.#isLoaded = true;
    this.#error = undefined;
    this.#rights = { maySend, maySendFiles, mayModerate };
    this.#maxFileBytes = result.maxFileBytes ?? 0;
    this.#readSeq = result.fresh && isFirst ? readSeq : Math.max(readSeq, this.#readSeq);
    this.#unreadBefore = { messages: 0, mentions: 0 };
    // In encrypted rooms, the server knows no mentions.
    const loaded = this.#messages.list.filter((message) => this.#isUnread(message));
    this.#unreadBefore = {
      messages: Math.max(0, unread - loaded.length),
      mentions: Math.max(0, unreadMentions - loaded.filter((message) => this.#mentions(message)).length),
    };
    this.#arrived(result.messages);
    this.#show();
    for (const message of result.messages) {
      const isNews = !isFirst && message.seq > (before ?? 0) && message.seq > this.#readSeq;
      if (isNews && message.gone === undefined && message.author?.accountId !== accountId) {
        void this.#announce(message);
      }
    }
    if (!isComplete) {
      this.#sync.poke();
    }
  }

  /** The server has these messages: they are no longer on their way. */
  #arrived(messages: readonly ChatMessage[]): void {
    for (const { id, author } of messages) {
      if (author?.accountId === this.#host.accountId) {
        this.#outbox.drop(id);
      }
    }
  }

  #isUnread({ seq, author, gone }: ChatMessage): boolean {
    return seq > this.#readSeq && gone === undefined && author?.accountId !== this.#host.accountId;
  }

  #mentions({ mentions }: ChatMessage): boolean {
    return mentions.includes(this.#host.accountId);
  }

  #forgetTyping(): void {
    this.#typingTimer = undefined;
    const nowMs = performance.now();
    for (const [participantId, untilMs] of this.#typing) {
      if (untilMs <= nowMs) {
        this.#typing.delete(participantId);
      }
    }
    const untilMs = Math.min(...this.#typing.values());
    if (this.#typing.size > 0) {
      this.#typingTimer = setTimeout(() => this.#forgetTyping(), untilMs - nowMs);
    }
    this.emit('changed');
  }
}
