import { loadRnnoise, RnnoiseWorkletNode } from '@sapphi-red/web-noise-suppressor';
import url from '@sapphi-red/web-noise-suppressor/rnnoise.wasm?url';
import simdUrl from '@sapphi-red/web-noise-suppressor/rnnoise_simd.wasm?url';
import workletUrl from '@sapphi-red/web-noise-suppressor/rnnoiseWorklet.js?url';
import type { AppliedEffect } from './effect.ts';

/** RNNoise works on this sample rate only, in Hz. */
const SAMPLE_RATE = 48_000;

/** Lets voices through and nothing else (RNNoise), with a delay of 10 ms. The result is mono. */
export async function suppressNoise(track: MediaStreamTrack): Promise<AppliedEffect> {
  const context = new AudioContext({ sampleRate: SAMPLE_RATE, latencyHint: 'interactive' });
  try {
    const [wasmBinary] = await Promise.all([
      loadRnnoise({ url, simdUrl }),
      context.audioWorklet.addModule(workletUrl),
      // A page that was not clicked yet may not process sound.
      context.resume(),
    ]);
    const node = new RnnoiseWorkletNode(context, { maxChannels: 1, wasmBinary });
    const destination = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
    context
      .createMediaStreamSource(new MediaStream([track]))
      .connect(node)
      .connect(destination);
    const [output] = destination.stream.getAudioTracks();
    if (!output) {
      throw new Error('no sound comes out of the audio graph');
    }
    return {
      track: output,
      stop: () => {
        node.destroy();
        void context.close();
      },
    };
  } catch (error) {
    void context.close();
    throw error;
  }
}
