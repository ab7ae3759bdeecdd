import type { types } from 'mediasoup-client';
import { svcEncoding } from './profiles.ts';

/** Attempts at setParameters(), which fails if the sender has changed in the meantime. */
const MAX_ATTEMPTS = 3;

/**
 * Makes a sender send only the spatial layers that somebody wants. This only reconfigures the encoder: nothing is renegotiated, and the
 * remaining layers continue without interruption. Simulcast deactivates encodings; SVC drops the layers above the highest wanted one. If
 * none is wanted, nothing is sent. Calls must not overlap.
 *
 * @param encodings the encodings that the producer was created with
 * @param wanted whether anyone wants each spatial layer, lowest first; missing layers count as wanted
 */
export async function applyWantedLayers(
  sender: RTCRtpSender,
  encodings: readonly types.RtpEncodingParameters[],
  wanted: readonly boolean[],
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const parameters = sender.getParameters();
    const changed = parameters.encodings.map((present, index) => ({
      ...present,
      ...encodingFor(encodings, index, wanted),
    }));
    if (JSON.stringify(changed) === JSON.stringify(parameters.encodings)) {
      return;
    }
    try {
      await sender.setParameters({ ...parameters, encodings: changed });
      return;
    } catch (error) {
      // The parameters are stale if the sender has changed in the meantime.
      if (attempt === MAX_ATTEMPTS) {
        throw error;
      }
    }
  }
}

function encodingFor(
  encodings: readonly types.RtpEncodingParameters[],
  index: number,
  wanted: readonly boolean[],
): Partial<RTCRtpEncodingParameters> {
  const [only] = encodings;
  if (encodings.length > 1 || !only) {
    return { active: wanted[index] ?? true };
  }
  const top = wanted.lastIndexOf(true);
  if (wanted.length > 0 && top === -1) {
    return { active: false };
  }
  return { active: true, ...svcEncoding(only, wanted.length > 0 ? top : Number.POSITIVE_INFINITY) };
}
