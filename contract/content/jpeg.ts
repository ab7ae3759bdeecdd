/** A JPEG without metadata. */
export interface PlainJpeg {
  bytes: Uint8Array<ArrayBuffer>;
  width: number;
  height: number;
}

const SOI = 0xffd8;
const SOS = 0xffda;
const COMMENT = 0xfffe;
/** JFIF and Adobe: about resolution and colours. */
const KEPT = [0xffe0, 0xffee];

/**
 * Removes everything from a JPEG that its picture does not need: EXIF data with place and device, thumbnails, comments (ITU-T T.81, annex
 * B). Returns undefined if it is no JPEG.
 */
export function plainJpeg(jpeg: Uint8Array<ArrayBuffer>): PlainJpeg | undefined {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.length);
  if (jpeg.length < 4 || view.getUint16(0) !== SOI) {
    return undefined;
  }
  const parts = [jpeg.subarray(0, 2)];
  let size: { width: number; height: number } | undefined;
  for (let at = 2; at + 4 <= jpeg.length; ) {
    const marker = view.getUint16(at);
    const end = at + 2 + view.getUint16(at + 2);
    if (marker === SOS) {
      return size && { bytes: joined([...parts, jpeg.subarray(at)]), ...size };
    }
    if (marker < 0xffc0 || marker > COMMENT || end > jpeg.length || end < at + 4) {
      return undefined;
    }
    if (isStartOfFrame(marker)) {
      if (size || end < at + 9) {
        return undefined;
      }
      size = { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    }
    const isMetadata = (marker >= 0xffe0 && marker <= 0xffef) || marker === COMMENT;
    if (!isMetadata || KEPT.includes(marker)) {
      parts.push(jpeg.subarray(at, end));
    }
    at = end;
  }
  return undefined;
}

/** Byte strings as one. */
function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function isStartOfFrame(marker: number): boolean {
  return marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
}
