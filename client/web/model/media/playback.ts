/** Playing sounds on a chosen speaker. */

/** setSinkId() is missing in some browsers. */
type WithSink = HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> };

export interface Notes {
  notesHz: readonly number[];
  /** Duration of each note, in seconds. */
  noteSeconds: number;
  /** Peak, 0 to 1. */
  volume: number;
}

/** Plays notes one after another. @returns when they were played, or the signal was aborted */
export async function playNotes(
  { notesHz, noteSeconds, volume }: Notes,
  speaker: string | undefined,
  signal?: AbortSignal,
): Promise<void> {
  const context = new AudioContext();
  try {
    const destination = context.createMediaStreamDestination();
    for (const [index, frequencyHz] of notesHz.entries()) {
      const [oscillator, gain] = [context.createOscillator(), context.createGain()];
      const startSeconds = context.currentTime + index * noteSeconds;
      oscillator.frequency.value = frequencyHz;
      gain.gain.setValueAtTime(0, startSeconds);
      gain.gain.linearRampToValueAtTime(volume, startSeconds + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.001, startSeconds + noteSeconds);
      oscillator.connect(gain).connect(destination);
      oscillator.start(startSeconds);
      oscillator.stop(startSeconds + noteSeconds);
    }
    await playStream(destination.stream, speaker, notesHz.length * noteSeconds * 1000, signal);
  } finally {
    await context.close();
  }
}

/** Plays a stream for some time, or until the signal is aborted. */
export async function playStream(
  stream: MediaStream,
  speaker: string | undefined,
  milliseconds: number,
  signal?: AbortSignal,
): Promise<void> {
  const audio: WithSink = new Audio();
  audio.srcObject = stream;
  // An unplugged speaker is replaced by the default one.
  await audio.setSinkId?.(speaker ?? '').catch(() => {});
  try {
    await audio.play();
    await delay(milliseconds, signal);
  } finally {
    audio.pause();
    audio.srcObject = null;
  }
}

/** Waits, or until the signal is aborted. */
export function delay(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
