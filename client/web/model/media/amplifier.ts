/** Plays a remote track louder than it was sent. */
export interface Amplifier {
  readonly stream: MediaStream;
  /** Factor, from 1. */
  setGain(gain: number): void;
  close(): void;
}

/**
 * Amplifies a remote audio track. Only for volumes above 100 %: an audio element can lower a volume by itself, whereas Web Audio costs CPU,
 * and Chromium's echo canceller may not take what comes out of it for the far end (crbug.com/687574).
 */
export function amplify(track: MediaStreamTrack): Amplifier {
  const raw = new MediaStream([track]);
  // Chromium feeds a remote track to Web Audio only while an element plays it (crbug.com/121673).
  const pump = new Audio();
  pump.muted = true;
  pump.srcObject = raw;
  pump.play().catch(() => {});
  const context = new AudioContext();
  const gain = context.createGain();
  const destination = context.createMediaStreamDestination();
  context.createMediaStreamSource(raw).connect(gain).connect(destination);
  return {
    stream: destination.stream,
    setGain: (factor) => {
      // Without a click.
      gain.gain.setTargetAtTime(factor, context.currentTime, 0.02);
    },
    close: () => {
      pump.srcObject = null;
      void context.close();
    },
  };
}
