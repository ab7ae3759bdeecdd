import { largestFile, SEALED_FILE_NAME } from '../../../../contract/content/index.ts';
import type { RequestInput } from '../../../../contract/index.ts';
import { CanopyError } from '../../../../contract/light.ts';
import { queryWords, wordsOf } from '../../../../contract/words/index.ts';
import type { RoomContent } from '../../encryption/index.ts';
import type { ChatMessage } from '../chat-messages.ts';
import type { NewFile } from '../file-upload.ts';
import { FileSealer } from './file-sealer.ts';
import type { MessageContent, ReactionContent, SealedFile } from './message-content.ts';
import { openFile, openThumbnail } from './open-file.ts';
import { reactionId, SealedMessages } from './sealed-messages.ts';

export interface SealedChatHost {
  readonly accountId: string;
  readonly content: RoomContent;
  /** A page of messages before a `seq`, or the newest, as the server has them. */
  page(before: number | undefined): Promise<{ messages: ChatMessage[]; more: boolean }>;
  /** Messages were opened. */
  changed(): void;
}

/** What a search returns at once. */
const FOUND_AT_ONCE = 50;
/** Files that stay decrypted. */
const MAX_OPEN_FILES = 10;

/** The chat of an encrypted room: encrypts what this user writes, and opens what others wrote. */
export class SealedChat {
  readonly messages: SealedMessages;
  readonly #host: SealedChatHost;
  /** By file id. */
  readonly #sealers = new Map<string, FileSealer>();
  /** By what the files contain, as their messages say: members can give files of theirs the ids of others. */
  readonly #urls = new Map<string, Promise<string>>();

  constructor(host: SealedChatHost) {
    this.#host = host;
    this.messages = new SealedMessages(host.content, host.changed);
  }

  /** The largest file that can be sent where the server takes `bytes`. */
  largestFile(bytes: number): number {
    return largestFile(bytes);
  }

  /** A message for the server. @throws {CanopyError} ENCRYPTION_INVALID, ROOM_NOT_JOINED, and why there are no keys */
  async seal(message: RequestInput<'chat.send'>): Promise<RequestInput<'chat.send'>> {
    const { id, text = '', mentions = [], replyTo, files = [] } = message;
    const described: SealedFile[] = [];
    for (const { fileId, name, type = '', width, height } of files) {
      const sealer = this.#sealers.get(fileId);
      if (!sealer) {
        throw new CanopyError('FILE_UNKNOWN', name);
      }
      described.push({
        ...{ fileId, name, type },
        ...(width !== undefined && height !== undefined && { width, height }),
        ...(await sealer.secrets()),
      });
    }
    const answered = replyTo === undefined ? undefined : await this.messages.contentOf(replyTo);
    const content: MessageContent = {
      ...{ text, mentions, files: described, version: 0 },
      ...(answered && {
        replyTo: { seq: answered.message.seq, id: answered.message.id, author: answered.accountId },
      }),
    };
    const sealed = await this.#host.content.seal('message', id, content);
    return { id, sealed, files: files.map(({ fileId }) => ({ fileId, name: SEALED_FILE_NAME })) };
  }

  /** The new text of a message for the server. @throws {CanopyError} CHAT_MESSAGE_UNKNOWN, and those of seal() */
  async sealEdit(seq: number, text: string, mentions: string[]): Promise<RequestInput<'chat.edit'>> {
    const { message, content } = await this.messages.contentOf(seq);
    const edited: MessageContent = { ...content, text, mentions, version: content.version + 1 };
    return { seq, sealed: await this.#host.content.seal('edit', message.id, edited) };
  }

  /** This account's emoji on a message for the server. @throws {CanopyError} CHAT_MESSAGE_UNKNOWN, and those of seal() */
  async sealReaction(seq: number, emoji: string, on: boolean): Promise<RequestInput<'chat.react'>> {
    const { accountId, content } = this.#host;
    const { message, accountId: author } = await this.messages.contentOf(seq);
    const others = message.reactions
      .filter((each) => each.accountIds.includes(accountId))
      .map((each) => each.emoji)
      .filter((each) => each !== emoji);
    // Time goes on also when this device cannot read what the account has put on the message before.
    const known = this.messages.reactionVersion(message.id, author, accountId) ?? 0;
    const reaction: ReactionContent = {
      emoji: on ? [...others, emoji] : others,
      author,
      version: Math.max(known + 1, Date.now()),
    };
    // None is an envelope too, so that the server cannot show those that were taken off.
    return { seq, sealed: await content.seal('reaction', reactionId(message.id, accountId), reaction) };
  }

  /** Messages that contain words beginning with those of the query, newest first; looks through all that this device can read. */
  async search(query: string, before?: number): Promise<{ messages: ChatMessage[]; more: boolean }> {
    const wanted = queryWords(query);
    const found: ChatMessage[] = [];
    let end = before;
    for (let more = wanted.length > 0; more; ) {
      const page = await this.#host.page(end);
      for (const raw of page.messages.toReversed()) {
        const message = await this.messages.open(raw);
        if (message && message.gone === undefined && hasWords(message, wanted)) {
          found.push(message);
          if (found.length === FOUND_AT_ONCE) {
            return { messages: found, more: true };
          }
        }
      }
      end = page.messages[0]?.seq;
      more = page.more && end !== undefined;
    }
    return { messages: found, more: false };
  }

  /** Prepares a file to be uploaded. */
  async source(fileId: string, { data, thumbnail }: NewFile): Promise<FileSealer> {
    const sealer = this.#sealers.get(fileId) ?? (await FileSealer.create(data, thumbnail));
    this.#sealers.set(fileId, sealer);
    return sealer;
  }

  /** A file is no longer on its way. */
  forget(fileId: string): void {
    this.#sealers.delete(fileId);
  }

  /** What a message says of its file. @throws {CanopyError} CHAT_MESSAGE_UNKNOWN, FILE_UNKNOWN */
  async fileOf(seq: number, fileId: string): Promise<SealedFile> {
    const { content } = await this.messages.contentOf(seq);
    const file = content.files.find((each) => each.fileId === fileId);
    if (!file) {
      throw new CanopyError('FILE_UNKNOWN');
    }
    return file;
  }

  /** Fetches and decrypts a file. @throws {CanopyError} FILE_UNREADABLE, FILE_TOO_LARGE, CONNECTION_LOST */
  openFile(url: string, file: SealedFile): Promise<Blob> {
    return openFile(url, file);
  }

  /**
   * The same as a URL of this page, which is valid while the chat is open and few others are opened.
   *
   * @param find finds out where the file is
   */
  openUrl(file: SealedFile, find: () => Promise<string>): Promise<string> {
    const key = [file.root, file.key, file.size].join();
    const known = this.#urls.get(key);
    if (known) {
      return known;
    }
    const opening = find()
      .then((url) => openFile(url, file))
      .then((blob) => URL.createObjectURL(blob));
    opening.catch(() => this.#urls.delete(key));
    this.#urls.set(key, opening);
    const [oldest] = this.#urls.keys();
    if (this.#urls.size > MAX_OPEN_FILES && oldest !== undefined) {
      this.#revoke(oldest);
    }
    return opening;
  }

  /** @param sealed as the server has it, base64 */
  openThumbnail(sealed: string, file: SealedFile): Promise<string> {
    return openThumbnail(sealed, file);
  }

  close(): void {
    for (const key of this.#urls.keys()) {
      this.#revoke(key);
    }
  }

  #revoke(key: string): void {
    this.#urls.get(key)?.then(URL.revokeObjectURL, () => {});
    this.#urls.delete(key);
  }
}

function hasWords({ text, files = [] }: ChatMessage, wanted: readonly string[]): boolean {
  const words = wordsOf([text, ...files.map(({ name }) => name)].join('\n'));
  return wanted.every((start) => words.some((word) => word.startsWith(start)));
}
