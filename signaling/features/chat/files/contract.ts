/** Files in the chat of a room. Their bytes go over HTTP; who may send and read them is decided here. */
import { z } from 'zod';
import { MAX_SEALED_THUMBNAIL_BYTES } from '../../../../contract/content/index.ts';
import { fileName, nothing, objectId, roomId } from '../../../../contract/index.ts';

/** Maximum number of files in a message. */
export const MAX_FILES = 10;

const mediaType = z
  .string()
  .max(127)
  .regex(/^[a-z]+\/[a-z0-9][a-z0-9.+-]*$/);
const pixels = z.int().min(1).max(100_000);
const seq = z.int().min(1);

/** A file as its sender describes it. The server does not look into it; clients must not trust the type. */
export const fileDescription = z.object({
  /** Chosen by the sender's client. */
  fileId: objectId,
  name: fileName,
  type: mediaType.default('application/octet-stream'),
  /** Of a picture. */
  width: pixels.optional(),
  height: pixels.optional(),
});
export type FileDescription = z.infer<typeof fileDescription>;

/** A file in a message. */
export const chatFile = fileDescription.extend({
  type: mediaType,
  /** In bytes. */
  size: z.int(),
  /** Whether `file.thumbnail` has one. */
  hasThumbnail: z.boolean().optional(),
  /** Whether it was deleted before its message, as the room's settings say. */
  gone: z.boolean().optional(),
});
export type ChatFile = z.infer<typeof chatFile>;

/** A file in a message that has been sent. */
const place = { roomId, seq, fileId: objectId };

export const FILE_REQUESTS = {
  /**
   * Asks to upload a file for the chat, or to continue an upload. Send its bytes with `PUT` to the URL, from `received` on, in as many
   * requests as you like; then name it in `chat.send` within an hour.
   */
  'file.start': {
    data: z.object({
      fileId: objectId,
      /** In bytes. */
      size: z.int().min(1),
      /** A small JPEG of at most 16 KiB and 400 pixels per side, without metadata; base64. In an encrypted room it is encrypted. */
      thumbnail: z
        .base64()
        .max(Math.ceil(MAX_SEALED_THUMBNAIL_BYTES / 3) * 4)
        .optional(),
    }),
    result: z.object({
      /** Number of bytes that the server has. */
      received: z.int().min(0),
      /** A path on this server, valid for ten minutes. Append `&offset=` and the number of the first byte in the body. */
      url: z.string(),
    }),
  },
  /** Deletes a file that has not been sent yet. */
  'file.cancel': { data: z.object({ fileId: objectId }), result: nothing },
  /** Where to get a file: a path on this server, valid for a minute. */
  'file.open': { data: z.object(place), result: z.object({ url: z.string() }) },
  /** The thumbnail of a picture, a JPEG in base64; in an encrypted room, what its sender uploaded. */
  'file.thumbnail': { data: z.object(place), result: z.object({ thumbnail: z.string() }) },
} as const;

type FileRequests = typeof FILE_REQUESTS;
declare module '../../../../contract/wire.ts' {
  interface Requests extends FileRequests {}
}
