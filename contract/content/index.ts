/** The format of end-to-end encrypted content: messages, reactions and files, of rooms and, later, of conversations. */
export {
  type ContentKind,
  type Envelope,
  type EnvelopeHeader,
  HEADER_BYTES,
  MAX_ENVELOPE_BYTES,
  MIN_ENVELOPE_BYTES,
  paddedBytes,
  readEnvelope,
  SIGNATURE_BYTES,
  writeHeader,
} from './envelope.ts';
export {
  LENGTH_BYTES,
  largestFile,
  MAX_SEALED_THUMBNAIL_BYTES,
  MAX_THUMBNAIL_BYTES,
  MAX_THUMBNAIL_PIXELS,
  PIECE_BYTES,
  paddedFileBytes,
  pieceCount,
  pieceNonce,
  SEALED_FILE_NAME,
  SEALED_PIECE_BYTES,
  sealedFileBytes,
  thumbnailNonce,
} from './file-format.ts';
export { type PlainJpeg, plainJpeg } from './jpeg.ts';
export { shownType } from './shown-type.ts';
