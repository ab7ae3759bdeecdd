/** Trying out microphone and speaker. */
import { delay, play, playNotes } from './playback.ts';

const RECORD_MS = 3000;
/** Notes of the test, in hertz, and the duration of each, in seconds. */
const TEST_TONE = { notesHz: [523.25, 783.99], noteSeconds: 0.5, volume: 0.25 };

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
export function testTone(speaker: string | undefined, signal: AbortSignal): Promise<void> {
  return playNotes(TEST_TONE, speaker, signal);
}
