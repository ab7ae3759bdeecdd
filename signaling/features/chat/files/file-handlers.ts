import { LRUCache } from 'lru-cache';
import { CanopyError } from '../../../../base/index.ts';
import {
  MAX_SEALED_THUMBNAIL_BYTES,
  MAX_THUMBNAIL_BYTES,
  MAX_THUMBNAIL_PIXELS,
  plainJpeg,
} from '../../../../contract/content/index.ts';
import {
  AccountRate,
  type Handlers,
  type Kernel,
  type PeerPrincipal,
  requirePrincipal,
  requireRight,
  type Session,
  TokenBucket,
} from '../../../kernel/index.ts';
import type { ChatFile, FILE_REQUESTS } from './contract.ts';
import { filePath } from './file-routes.ts';
import type { FileStore } from './file-store.ts';

const DAY_SECONDS = 86_400;
/** How long the URLs for an upload and a download are valid, in milliseconds. */
const UPLOAD_MS = 600_000;
const DOWNLOAD_MS = 60_000;
/** Accounts whose uploads of the day are remembered. */
const MAX_ACCOUNTS = 20_000;

export interface FileHandlersOptions {
  files: FileStore;
  /** A file in a message that this session may read. @throws {CanopyError} CHAT_MESSAGE_UNKNOWN and what reading refuses */
  find(
    session: Session,
    place: { roomId: string; seq: number; fileId: string },
  ): Promise<ChatFile | undefined>;
}

/** Handlers for sending and fetching files. */
export function fileHandlers(
  kernel: Kernel,
  { files, find }: FileHandlersOptions,
): Handlers<keyof typeof FILE_REQUESTS> {
  const { fileBytes, fileBytesPerDay } = kernel.config.limits;
  const starts = new AccountRate('files', { perSecond: 0.5, burst: 40 });
  const views = new AccountRate('files', { perSecond: 20, burst: 200 });
  const uploaded = new LRUCache<string, TokenBucket>({ max: MAX_ACCOUNTS });

  /** @throws {CanopyError} FILES_FULL */
  const countUpload = ({ accountId }: PeerPrincipal, bytes: number) => {
    const nowMs = performance.now();
    const bucket =
      uploaded.get(accountId) ?? new TokenBucket(fileBytesPerDay / DAY_SECONDS, fileBytesPerDay, nowMs);
    uploaded.set(accountId, bucket);
    if (!bucket.take(nowMs, bytes)) {
      throw new CanopyError('FILES_FULL', `at most ${fileBytesPerDay} bytes per person and day`);
    }
  };

  return {
    'file.start': async (session, { fileId, size, thumbnail }) => {
      requireRight(session, 'chat.send');
      const { principal, room } = requireRight(session, 'chat.sendFile');
      starts.take(principal);
      if (size > fileBytes) {
        throw new CanopyError('FILE_TOO_LARGE', `at most ${fileBytes} bytes`);
      }
      const { accountId } = principal;
      const preview = room.encryption === 'off' ? thumbnailOf(thumbnail) : sealedThumbnailOf(thumbnail);
      const file = { fileId, roomId: room.roomId, accountId, size, thumbnail: preview };
      const { received, isNew } = await files.start(file);
      if (isNew) {
        try {
          countUpload(principal, size);
        } catch (error) {
          await files.cancel(fileId, accountId);
          throw error;
        }
      }
      return {
        received,
        url: kernel.urlTickets.url({ method: 'PUT', path: filePath(fileId), accountId }, UPLOAD_MS),
      };
    },

    'file.cancel': async (session, { fileId }) => {
      const principal = requirePrincipal(session);
      starts.take(principal);
      await files.cancel(fileId, principal.accountId);
      return {};
    },

    'file.open': async (session, place) => {
      const principal = requirePrincipal(session);
      views.take(principal);
      const { fileId } = await requireFile(session, place);
      const { accountId } = principal;
      return {
        url: kernel.urlTickets.url({ method: 'GET', path: filePath(fileId), accountId }, DOWNLOAD_MS),
      };
    },

    'file.thumbnail': async (session, place) => {
      views.take(requirePrincipal(session));
      await requireFile(session, place);
      const row = await files.records.find(place.fileId);
      if (!row) {
        throw new CanopyError('FILE_UNKNOWN');
      }
      return { thumbnail: files.thumbnail(row).toString('base64') };
    },
  };

  /** @throws {CanopyError} FILE_UNKNOWN, and what reading the chat refuses */
  async function requireFile(session: Session, place: Parameters<FileHandlersOptions['find']>[1]) {
    const file = await find(session, place);
    if (!file || file.gone) {
      throw new CanopyError('FILE_UNKNOWN');
    }
    return file;
  }
}

/** A thumbnail without metadata, small enough that no client has trouble with it. @throws {CanopyError} BAD_REQUEST */
function thumbnailOf(base64: string | undefined): Buffer | undefined {
  if (base64 === undefined) {
    return undefined;
  }
  const bytes = Buffer.from(base64, 'base64');
  const jpeg = plainJpeg(new Uint8Array(bytes));
  const isSmall =
    bytes.length <= MAX_THUMBNAIL_BYTES &&
    (jpeg?.width ?? 0) <= MAX_THUMBNAIL_PIXELS &&
    (jpeg?.height ?? 0) <= MAX_THUMBNAIL_PIXELS;
  if (!jpeg || !isSmall) {
    throw new CanopyError(
      'BAD_REQUEST',
      `thumbnail: a JPEG of at most ${MAX_THUMBNAIL_BYTES} bytes and ${MAX_THUMBNAIL_PIXELS} pixels per side`,
    );
  }
  return Buffer.from(jpeg.bytes);
}

/** A thumbnail that the server cannot read. All are of one size. @throws {CanopyError} ENCRYPTION_REQUIRED */
function sealedThumbnailOf(base64: string | undefined): Buffer | undefined {
  const bytes = base64 === undefined ? undefined : Buffer.from(base64, 'base64');
  if (bytes && bytes.length !== MAX_SEALED_THUMBNAIL_BYTES) {
    throw new CanopyError('ENCRYPTION_REQUIRED', 'the thumbnail is not encrypted');
  }
  return bytes;
}
