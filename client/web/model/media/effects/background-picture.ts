const STORAGE_KEY = 'canopy.background';
/** The largest picture that is kept; video has no more detail. In pixels. */
const SIZE = { width: 1280, height: 720 };
const JPEG_QUALITY = 0.8;

/** Keeps a picture for the background on this device, scaled down. Rejects if the file is not a picture. */
export async function keepBackgroundPicture(file: Blob): Promise<void> {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, Math.max(SIZE.width / picture.width, SIZE.height / picture.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  localStorage.setItem(STORAGE_KEY, canvas.toDataURL('image/jpeg', JPEG_QUALITY));
}

export function hasBackgroundPicture(): boolean {
  return localStorage.getItem(STORAGE_KEY) !== null;
}

/** The kept picture. Rejects if there is none. */
export async function backgroundPicture(): Promise<ImageBitmap> {
  const [, base64] = localStorage.getItem(STORAGE_KEY)?.split(',') ?? [];
  if (base64 === undefined) {
    throw new Error('no background picture is kept');
  }
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }));
}
