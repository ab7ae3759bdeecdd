/** What of an encoded frame stays clear, because servers or receiving browsers read it. It is authenticated all the same. */

/** Codecs that can be encrypted end to end. Browsers and servers parse frames of the others. */
export const ENCRYPTED_CODECS = ['opus', 'vp8', 'vp9'] as const;
export type EncryptedCodec = (typeof ENCRYPTED_CODECS)[number];

/** VP8's frame tag, start code and size: a receiving browser reads them in a key frame (RFC 6386 section 9.1). */
const VP8_KEY_FRAME_BYTES = 10;
/** Bit 0 of VP8's first byte tells servers which frames are not key frames. */
const VP8_INTER_FRAME_BYTES = 1;

export function isEncryptedCodec(codec: string): codec is EncryptedCodec {
  return (ENCRYPTED_CODECS as readonly string[]).includes(codec);
}

/** How many bytes at the start of a frame stay clear; the same for a frame before and after encryption. */
export function clearBytes(codec: EncryptedCodec, frame: Uint8Array): number {
  if (codec !== 'vp8') {
    return 0;
  }
  const isKeyFrame = ((frame[0] ?? 0) & 1) === 0;
  return isKeyFrame ? VP8_KEY_FRAME_BYTES : VP8_INTER_FRAME_BYTES;
}
