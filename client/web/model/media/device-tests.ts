/** Trying out microphone and speaker. */
import { delay, playNotes, playStream } from './playback.ts';

const RECORD_SECONDS = 3;
const TEST_TONE = { notesHz: [523.25, 783.99], noteSeconds: 0.5, volume: 0.25 };

/**
 * Records a microphone for three seconds and plays it back: a long echo, which needs neither codec nor file.
 *
 * @param onPlaying called when the recording ends
 * @returns when it was played, or the signal was aborted
 */
export async function echoBack(
  track: MediaStreamTrack,
  speaker: string | undefined,
  { onPlaying, signal }: { onPlaying(): void; signal: AbortSignal },
): Promise<void> {
  const context = new AudioContext();
  try {
    const [gate, echo] = [context.createGain(), context.createDelay(RECORD_SECONDS)];
    echo.delayTime.value = RECORD_SECONDS;
    const destination = context.createMediaStreamDestination();
    context
      .createMediaStreamSource(new MediaStream([track]))
      .connect(gate)
      .connect(echo);
    echo.connect(destination);
    const recorded = delay(RECORD_SECONDS * 1000, signal).then(() => {
      gate.gain.value = 0;
      if (!signal.aborted) {
        onPlaying();
      }
    });
    await playStream(destination.stream, speaker, 2 * RECORD_SECONDS * 1000, signal);
    await recorded;
  } finally {
    await context.close();
  }
}

/** Plays two notes on a speaker. @returns when they were played, or the signal was aborted */
export function testTone(speaker: string | undefined, signal: AbortSignal): Promise<void> {
  return playNotes(TEST_TONE, speaker, signal);
}
