import type { Arrival } from '../basics/arrivals.ts';
import { preferences } from '../basics/preferences.ts';
import { type Notes, playNotes } from './playback.ts';

/** Short and quiet, since people are talking. */
const SOUNDS: Record<Arrival | 'poll', Notes> = {
  joined: { notesHz: [587.33, 880], noteSeconds: 0.12, volume: 0.12 },
  left: { notesHz: [659.25, 440], noteSeconds: 0.12, volume: 0.12 },
  poll: { notesHz: [659.25, 783.99, 1046.5], noteSeconds: 0.1, volume: 0.12 },
  raisedHand: { notesHz: [783.99, 783.99], noteSeconds: 0.1, volume: 0.12 },
};

/** In a larger room, sounds of people who come and go would never stop. */
const MAX_PEOPLE = 5;

/** Plays the sound of people who come, go or raise a hand, unless the user has turned sounds off; that of a poll in larger rooms too. */
export function playSound(name: Arrival | 'poll', people: number, speaker: string | undefined): void {
  if (preferences.value.sounds && (name === 'poll' || people <= MAX_PEOPLE)) {
    // The page may not play sound before it is clicked.
    playNotes(SOUNDS[name], speaker).catch(() => {});
  }
}
