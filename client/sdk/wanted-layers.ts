import type { types } from 'mediasoup-client';
import { svcEncoding } from './profiles.ts';

/** How often a change is tried that another change of the sender got in the way of. */
const TRIES = 3;

/**
 * Has a sender send the spatial layers that somebody wants, and no others. It asks the encoder only: nothing is renegotiated, and layers
 * that go on do so without a break. Simulcast suspends encodings; SVC becomes the picture of the highest layer wanted. When nobody wants any,
 * nothing is sent. Calls must not overlap.
 *
 * @param encodings as they were produced
 * @param wanted whether anybody wants each spatial layer, lowest first; layers not named are
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
      // Parameters are stale when the sender was changed meanwhile.
      if (attempt === TRIES) {
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
