/** Maximum size of a thumbnail, in bytes, and of its sides, in pixels. */
const MAX_BYTES = 16_384;
const SIDES = [360, 280, 200, 120];
const QUALITIES = [0.8, 0.6, 0.4];

export interface Thumbnail {
  /** A JPEG without metadata. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Of the whole picture, as it is shown. */
  width: number;
  height: number;
}

/** Draws a small version of a picture; undefined if this browser cannot decode it. */
export async function makeThumbnail(picture: Blob): Promise<Thumbnail | undefined> {
  const bitmap = await createImageBitmap(picture).catch(() => undefined);
  if (!bitmap) {
    return undefined;
  }
  try {
    const { width, height } = bitmap;
    for (const side of SIDES) {
      const scale = Math.min(1, side / Math.max(width, height));
      const canvas = document.createElement('canvas');
      canvas.width = Math.max(1, Math.round(width * scale));
      canvas.height = Math.max(1, Math.round(height * scale));
      const context = canvas.getContext('2d');
      if (!context) {
        return undefined;
      }
      // JPEG has no transparency.
      context.fillStyle = '#fff';
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.imageSmoothingQuality = 'high';
      context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      for (const quality of QUALITIES) {
        const jpeg = await new Promise<Blob | null>((resolve) =>
          canvas.toBlob(resolve, 'image/jpeg', quality),
        );
        if (jpeg && jpeg.size <= MAX_BYTES) {
          return { bytes: new Uint8Array(await jpeg.arrayBuffer()), width, height };
        }
      }
    }
    return undefined;
  } finally {
    bitmap.close();
  }
}
