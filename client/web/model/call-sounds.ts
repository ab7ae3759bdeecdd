/** The two notes of each sound, in Hz. */
const NOTES = { joined: [523, 784], left: [784, 523], hand: [659, 880] } as const;
/** Length of a note, in seconds. */
const NOTE_SECONDS = 0.11;
/** Quiet enough not to startle. */
const VOLUME = 0.06;

export type CallSound = keyof typeof NOTES;

let context: AudioContext | undefined;

/** Plays a short, quiet sound. Does nothing if the browser does not allow it yet. */
export function playCallSound(sound: CallSound): void {
  context ??= new AudioContext();
  if (context.state === 'suspended') {
    void context.resume().catch(() => {});
    return;
  }
  const startsAt = context.currentTime;
  NOTES[sound].forEach((frequency, index) => {
    if (!context) {
      return;
    }
    const from = startsAt + index * NOTE_SECONDS;
    const oscillator = new OscillatorNode(context, { type: 'sine', frequency });
    const gain = new GainNode(context, { gain: 0 });
    // Fades prevent clicks.
    gain.gain.setValueAtTime(0, from);
    gain.gain.linearRampToValueAtTime(VOLUME, from + 0.02);
    gain.gain.linearRampToValueAtTime(0, from + NOTE_SECONDS);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(from);
    oscillator.stop(from + NOTE_SECONDS);
  });
}
