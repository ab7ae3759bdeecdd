/** End-to-end encrypted content, such as messages. Loaded when a room is encrypted. */
export { ContentCipher, type ContentCipherOptions, type OpenedContent } from './content-cipher.ts';
export {
  CONTENT_LABEL,
  CONTENT_SECRET_BYTES,
  type ContentEpoch,
  type ContentMember,
} from './content-epoch.ts';
