import { CanopyError, displayableFileName, displayableText, isEmoji } from '../../../../contract/light.ts';

const MAX_TEXT = 4000;
const MAX_MENTIONS = 20;
const MAX_FILES = 10;
const MAX_EMOJI = 20;
const ACCOUNT_ID = /^[0-9a-f]{64}$/;
const ID = /^[A-Za-z0-9_-]{8,64}$/;
const MEDIA_TYPE = /^[a-z]+\/[a-z0-9][a-z0-9.+-]{0,100}$/;
const HASH = /^[A-Za-z0-9+/]{43}=$/;
const DEFAULT_TYPE = 'application/octet-stream';

/** A file in an encrypted message, with what is needed to open it. */
export interface SealedFile {
  fileId: string;
  name: string;
  type: string;
  width?: number;
  height?: number;
  /** In bytes, before it was padded. */
  size: number;
  /** 32 bytes, base64. */
  key: string;
  /** SHA-256 over the SHA-256 of every piece, base64: members have the key too, and must not be able to replace the file. */
  root: string;
  /** SHA-256 of the encrypted thumbnail, base64. Absent: there is none. */
  thumbnail?: string;
}

/** What is encrypted of a message. An edited one has all of it again. */
export interface MessageContent {
  text: string;
  mentions: string[];
  /** The message that it answers: its position, its id, and the account that wrote it, since ids are unique for one account only. */
  replyTo?: { seq: number; id: string; author: string };
  files: SealedFile[];
  /** How often it has been edited. */
  version: number;
}

/** What is encrypted of an account's reaction to a message. */
export interface ReactionContent {
  /** All that it has put on the message. Empty: it has taken them off again. */
  emoji: string[];
  /** The account that wrote the message. */
  author: string;
  /** Grows with every change, also when a device cannot read the ones before. */
  version: number;
}

type Fields = Record<string, unknown>;

/** Reads what a member wrote, who may be hostile. @throws {CanopyError} ENCRYPTION_INVALID */
export function readMessage(content: unknown): MessageContent {
  const { text, mentions, replyTo, files, version } = fieldsOf(content);
  require(typeof text === 'string' && text.length <= MAX_TEXT, 'text');
  require(isList(mentions, MAX_MENTIONS) && mentions.every((id) => matches(id, ACCOUNT_ID)), 'mentions');
  require(isList(files, MAX_FILES), 'files');
  require(isCount(version), 'version');
  return {
    text: displayableText(text),
    mentions: mentions as string[],
    files: files.map(readFile),
    version,
    ...(replyTo !== undefined && { replyTo: readReply(replyTo) }),
  };
}

/** Reads which emoji somebody has put on a message. @throws {CanopyError} ENCRYPTION_INVALID */
export function readReaction(content: unknown): ReactionContent {
  const { emoji, author, version } = fieldsOf(content);
  require(isList(emoji, MAX_EMOJI) && emoji.every((each) => isText(each, 64) && isEmoji(each)), 'emoji');
  require(matches(author, ACCOUNT_ID), 'author');
  require(isCount(version), 'version');
  return { emoji: [...new Set(emoji as string[])], author: author as string, version };
}

function readReply(value: unknown): NonNullable<MessageContent['replyTo']> {
  const { seq, id, author } = fieldsOf(value);
  require(isCount(seq) && matches(id, ID) && matches(author, ACCOUNT_ID), 'replyTo');
  return { seq, id: id as string, author: author as string };
}

function readFile(value: unknown): SealedFile {
  const { fileId, name, type, width, height, size, key, root, thumbnail } = fieldsOf(value);
  require(isText(fileId, 64) && isText(name, 1024) && isCount(size) && size > 0, 'file');
  require(matches(key, HASH) && matches(root, HASH), 'file');
  require(thumbnail === undefined || matches(thumbnail, HASH), 'thumbnail');
  return {
    ...{ fileId, size },
    name: displayableFileName(name),
    type: matches(type, MEDIA_TYPE) ? (type as string) : DEFAULT_TYPE,
    ...{ key: key as string, root: root as string },
    ...(isCount(width) && isCount(height) && { width, height }),
    ...(thumbnail !== undefined && { thumbnail: thumbnail as string }),
  };
}

function fieldsOf(value: unknown): Fields {
  require(typeof value === 'object' && value !== null, 'content');
  return value as Fields;
}

function isText(value: unknown, max: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= max;
}

function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isList(value: unknown, max: number): value is unknown[] {
  return Array.isArray(value) && value.length <= max;
}

function require(isRight: boolean, what: string): asserts isRight {
  if (!isRight) {
    throw new CanopyError('ENCRYPTION_INVALID', `${what}: invalid`);
  }
}
