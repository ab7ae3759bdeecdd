/** Opening cameras, microphones and screens, with errors that a person understands. For browsers only. */
import { CanopyError } from '../../signaling/protocol/light.ts';

export interface CaptureOptions {
  /** True: the default one; a string: the device of that id, or another if it is gone. */
  microphone?: boolean | string;
  camera?: boolean | string;
}

/** The camera's wish: 720p, from which the layers of simulcast are made. */
const PICTURE = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };

function chosen(device: boolean | string | undefined): { deviceId?: { ideal: string } } {
  return typeof device === 'string' && device !== '' ? { deviceId: { ideal: device } } : {};
}

/** Opens a microphone, a camera or both. Rejects with MEDIA_DENIED, MEDIA_NOT_FOUND or MEDIA_BUSY. */
export function openCapture({ microphone = false, camera = false }: CaptureOptions): Promise<MediaStream> {
  return opened((devices) =>
    devices.getUserMedia({
      audio: microphone !== false && {
        ...chosen(microphone),
        echoCancellation: true,
        noiseSuppression: true,
        autoGainControl: true,
      },
      video: camera !== false && { ...chosen(camera), ...PICTURE },
    }),
  );
}

/** Lets the person choose a screen, window or tab, with its sound where the browser can. Rejects with MEDIA_DENIED when they don't. */
export function openScreen(): Promise<MediaStream> {
  return opened((devices) =>
    devices.getDisplayMedia({ audio: true, video: { frameRate: { ideal: 15, max: 30 } } }),
  );
}

async function opened(open: (devices: MediaDevices) => Promise<MediaStream>): Promise<MediaStream> {
  const devices = globalThis.navigator?.mediaDevices as MediaDevices | undefined;
  // Browsers hide them from pages that were not loaded over HTTPS.
  if (!devices) throw new CanopyError('MEDIA_DENIED', 'open the page over https:');
  try {
    return await open(devices);
  } catch (cause) {
    const name = cause instanceof Error ? cause.name : '';
    const code =
      name === 'NotFoundError' || name === 'OverconstrainedError'
        ? 'MEDIA_NOT_FOUND'
        : name === 'NotReadableError' || name === 'AbortError'
          ? 'MEDIA_BUSY'
          : 'MEDIA_DENIED';
    throw new CanopyError(code, name, { cause });
  }
}
