/** The worker in which a page's frames are encrypted and decrypted, all of them, so that no counter is used twice. */
import type { CipherOptions, FromWorker, ToWorker } from './cipher-messages.ts';
import { FrameCiphers } from './frame-ciphers.ts';

/** The part of RTCRtpScriptTransformer in use, which only the types of workers have. */
interface Transformer {
  options: CipherOptions;
  readable: ReadableStream<RTCEncodedVideoFrame | RTCEncodedAudioFrame>;
  writable: WritableStream<RTCEncodedVideoFrame | RTCEncodedAudioFrame>;
}

interface EncodedFrame {
  data: ArrayBuffer;
}

/** The part of the worker's global scope in use. */
interface WorkerScope {
  onmessage: (event: { data: ToWorker }) => void;
  onrtctransform: (event: { transformer: Transformer }) => void;
  postMessage(message: FromWorker): void;
}

const scope = globalThis as unknown as WorkerScope;
const ciphers = new FrameCiphers((trackId) => scope.postMessage({ type: 'gap', trackId }));

scope.onmessage = ({ data: message }) => {
  if (message.type === 'epoch') {
    ciphers.setEpoch(message.keys);
  } else if (message.type === 'counts') {
    scope.postMessage({ type: 'counts', counts: ciphers.counts });
  } else {
    ciphers.close();
  }
};

scope.onrtctransform = ({ transformer: { options, readable, writable } }) => {
  const change = ciphers.start(options);
  const transform = new TransformStream<EncodedFrame, EncodedFrame>({
    async transform(frame, controller) {
      const data = await change(new Uint8Array(frame.data));
      if (data) {
        frame.data = data.buffer;
        controller.enqueue(frame);
      }
    },
  });
  const { trackId } = options;
  const stop = () => {
    ciphers.stop(trackId);
    scope.postMessage({ type: 'ended', trackId });
  };
  // The streams end with the track.
  readable.pipeThrough(transform).pipeTo(writable).then(stop, stop);
};

scope.postMessage({ type: 'ready' });
