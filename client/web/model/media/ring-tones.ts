import { delay, type Notes, playNotes } from './playback.ts';

/** `incoming`: somebody calls; `quiet`: the same while the user is in a meeting; `ringback`: the other side rings. */
export type RingTone = 'incoming' | 'quiet' | 'ringback';

/** Each tone, with the pause after it in milliseconds. */
const TONES: Record<RingTone, Notes & { pauseMs: number }> = {
  incoming: { notesHz: [659.25, 783.99, 987.77, 783.99], noteSeconds: 0.22, volume: 0.3, pauseMs: 1600 },
  quiet: { notesHz: [659.25, 783.99], noteSeconds: 0.16, volume: 0.08, pauseMs: 5000 },
  ringback: { notesHz: [425], noteSeconds: 1, volume: 0.08, pauseMs: 3000 },
};

/** Plays a tone again and again until the signal is aborted. Silent if the page may not play sound before it is clicked. */
export async function ring(name: RingTone, speaker: string | undefined, signal: AbortSignal): Promise<void> {
  const { pauseMs, ...notes } = TONES[name];
  while (!signal.aborted) {
    await playNotes(notes, speaker, signal).catch(() => {});
    if (!signal.aborted) {
      await delay(pauseMs, signal);
    }
  }
}
