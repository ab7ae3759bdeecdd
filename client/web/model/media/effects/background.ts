import { VirtualBackgroundProcessor } from '@shiguredo/virtual-background';
import type { AppliedEffect } from './effect.ts';
import { frameRateOf } from './frame-rate.ts';

/** In pixels of the camera's picture. */
const BLUR_RADIUS = 15;
/** Below this rate, a picture that the camera sends faster looks worse than without an effect, in frames per second. */
const MIN_FRAME_RATE = 10;

/**
 * Blurs what is behind a person, or puts a picture there. About 2 MB are loaded at the first use. Everything stays on this device.
 *
 * @param onSlow called once if this device is too slow for it
 */
export async function changeBackground(
  track: MediaStreamTrack,
  picture: ImageBitmap | undefined,
  onSlow: () => void,
): Promise<AppliedEffect> {
  // Without WebGL the library would show an alert.
  if (!VirtualBackgroundProcessor.isSupported() || !document.createElement('canvas').getContext('webgl2')) {
    throw new Error('this browser cannot change the background');
  }
  const processor = new VirtualBackgroundProcessor(new URL(BACKGROUND_ASSETS, document.baseURI).href);
  const output = await processor.startProcessing(
    track as MediaStreamVideoTrack,
    picture ? { backgroundImage: picture } : { blurRadius: BLUR_RADIUS },
  );
  const measuring = new AbortController();
  const { frameRate = 30 } = track.getSettings();
  void frameRateOf(output, measuring.signal).then((rate) => {
    if (rate !== undefined && rate < Math.min(MIN_FRAME_RATE, frameRate / 2)) {
      onSlow();
    }
  });
  return {
    track: output,
    stop: () => {
      measuring.abort();
      processor.stopProcessing();
    },
  };
}
