/** Trying out microphone and speaker. */

/** setSinkId() is missing in some browsers. */
type WithSink = HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> };

const RECORD_MS = 3000;
/** Two notes, in hertz, and the duration of each, in seconds. */
const NOTES_HZ = [523.25, 783.99];
const NOTE_SECONDS = 0.5;
const VOLUME = 0.25;

/**
 * Records a microphone for three seconds and plays it back.
 *
 * @param onPlaying called when the recording ends
 * @returns when it was played, or the signal was aborted
 */
export async function echoBack(
  track: MediaStreamTrack,
  speaker: string | undefined,
  { onPlaying, signal }: { onPlaying(): void; signal: AbortSignal },
): Promise<void> {
  const recorder = new MediaRecorder(new MediaStream([track]));
  const chunks: Blob[] = [];
  recorder.ondataavailable = ({ data }) => chunks.push(data);
  const stopped = new Promise((resolve) => {
    recorder.onstop = resolve;
  });
  recorder.start();
  await delay(RECORD_MS, signal);
  if (recorder.state !== 'inactive') {
    recorder.stop();
  }
  await stopped;
  if (signal.aborted) {
    return;
  }
  onPlaying();
  const url = URL.createObjectURL(new Blob(chunks, { type: recorder.mimeType }));
  try {
    await play({ src: url }, speaker, signal);
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** Plays two notes on a speaker. @returns when they were played, or the signal was aborted */
export async function testTone(speaker: string | undefined, signal: AbortSignal): Promise<void> {
  const context = new AudioContext();
  try {
    const destination = context.createMediaStreamDestination();
    for (const [index, frequencyHz] of NOTES_HZ.entries()) {
      const [oscillator, gain] = [context.createOscillator(), context.createGain()];
      const startSeconds = context.currentTime + index * NOTE_SECONDS;
      oscillator.frequency.value = frequencyHz;
      gain.gain.setValueAtTime(0, startSeconds);
      gain.gain.linearRampToValueAtTime(VOLUME, startSeconds + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.001, startSeconds + NOTE_SECONDS);
      oscillator.connect(gain).connect(destination);
      oscillator.start(startSeconds);
      oscillator.stop(startSeconds + NOTE_SECONDS);
    }
    await play({ srcObject: destination.stream }, speaker, signal, NOTES_HZ.length * NOTE_SECONDS * 1000);
  } finally {
    await context.close();
  }
}

/** @param durationMs for streams, which have no end. Default: until the end */
async function play(
  source: { src: string } | { srcObject: MediaStream },
  speaker: string | undefined,
  signal: AbortSignal,
  durationMs?: number,
): Promise<void> {
  const audio: WithSink = new Audio();
  Object.assign(audio, source);
  // An unplugged speaker is replaced by the default one.
  await audio.setSinkId?.(speaker ?? '').catch(() => {});
  const ended = new Promise((resolve) => {
    audio.onended = resolve;
    audio.onerror = resolve;
    signal.addEventListener('abort', resolve);
  });
  try {
    await audio.play();
    await (durationMs === undefined ? ended : delay(durationMs, signal));
  } finally {
    audio.pause();
    audio.srcObject = null;
  }
}

function delay(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
