/** Opens cameras, microphones and screens, and translates the browser's errors. Browsers only. */
import { CanopyError } from '../../contract/light.ts';

/** What the browser does to a microphone's sound. Each is on by default. */
export interface AudioProcessing {
  echoCancellation?: boolean;
  noiseSuppression?: boolean;
  autoGainControl?: boolean;
}

export interface CaptureOptions extends AudioProcessing {
  /** True: the default device. A string: the device with this id, or the default device if it is gone. Default false. */
  microphone?: boolean | string;
  camera?: boolean | string;
}

/** 720p, the source of the simulcast layers. */
const CAMERA_VIDEO = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };

/** Chromium ignores an `ideal` device id and opens the default device, so the id must be exact. */
function constraintFor(device: boolean | string | undefined): { deviceId?: { exact: string } } {
  return isId(device) ? { deviceId: { exact: device } } : {};
}

function isId(device: boolean | string | undefined): device is string {
  return typeof device === 'string' && device !== '';
}

/**
 * Opens a microphone, a camera or both.
 *
 * @throws {CanopyError} MEDIA_DENIED - detail `insecure`: the page was not loaded over HTTPS; `system`: the operating system refuses;
 * MEDIA_NOT_FOUND, MEDIA_BUSY
 */
export function openCapture(options: CaptureOptions): Promise<MediaStream> {
  return withCodedErrors((devices) => openDevices(devices, options));
}

/** Falls back to the default device if the chosen one is gone, for that kind only. */
async function openDevices(
  devices: MediaDevices,
  { microphone = false, camera = false, ...processing }: CaptureOptions,
): Promise<MediaStream> {
  try {
    return await devices.getUserMedia({
      audio: microphone !== false && {
        ...constraintFor(microphone),
        echoCancellation: true,
        noiseSuppression: true,
        autoGainControl: true,
        ...processing,
      },
      video: camera !== false && { ...constraintFor(camera), ...CAMERA_VIDEO },
    });
  } catch (error) {
    const isGone = nameOf(error) === 'OverconstrainedError' && (isId(microphone) || isId(camera));
    if (!isGone) {
      throw error;
    }
    if (microphone === false || camera === false) {
      return openDevices(devices, {
        microphone: microphone !== false,
        camera: camera !== false,
        ...processing,
      });
    }
    // The browser does not say which of the two is gone.
    const audio = await openDevices(devices, { microphone, ...processing });
    try {
      const video = await openDevices(devices, { camera });
      return new MediaStream([...audio.getTracks(), ...video.getTracks()]);
    } catch (cause) {
      for (const track of audio.getTracks()) {
        track.stop();
      }
      throw cause;
    }
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

/**
 * Lets the user choose a screen, window or tab, with its audio if the browser supports that.
 *
 * @throws {CanopyError} MEDIA_DENIED - the user cancelled
 */
export function openScreen(): Promise<MediaStream> {
  return withCodedErrors((devices) =>
    devices.getDisplayMedia({ audio: true, video: { frameRate: { ideal: 15, max: 30 } } }),
  );
}

async function withCodedErrors(open: (devices: MediaDevices) => Promise<MediaStream>): Promise<MediaStream> {
  const devices = globalThis.navigator?.mediaDevices as MediaDevices | undefined;
  // Browsers hide mediaDevices from pages not loaded over HTTPS.
  if (!devices) {
    throw new CanopyError('MEDIA_DENIED', 'insecure');
  }
  try {
    return await open(devices);
  } catch (cause) {
    const name = nameOf(cause);
    const code =
      name === 'NotFoundError' || name === 'OverconstrainedError'
        ? 'MEDIA_NOT_FOUND'
        : name === 'NotReadableError' || name === 'AbortError'
          ? 'MEDIA_BUSY'
          : 'MEDIA_DENIED';
    const detail = code === 'MEDIA_DENIED' && /system/i.test(String(cause)) ? 'system' : name;
    throw new CanopyError(code, detail, { cause });
  }
}
