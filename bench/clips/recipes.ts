/** Video recipes share these: 20 s at 30 fps, a key frame every 10 s (a multiple of the temporal layers' period of 4). */
export const FRAMES_PER_SECOND = 30;
export const VIDEO_SECONDS = 20;
export const KEY_INTERVAL_FRAMES = 300;

interface Size {
  width: number;
  height: number;
}

export type Recipe =
  | ({ kind: 'vp8'; kbps: number } & Size)
  /** Rates of the three spatial layers, lowest first; the size is the highest one's. */
  | ({ kind: 'vp9'; kbps: [number, number, number] } & Size)
  | ({ kind: 'h264'; kbps: number } & Size)
  | { kind: 'speech'; voice: string; text: string }
  | { kind: 'silence'; seconds: number }
  /** A voice-like sound that starts abruptly at `atSeconds`; the rest is room noise. */
  | { kind: 'onset'; atSeconds: number; lengthSeconds: number; seconds: number };

const P180 = { width: 320, height: 180 };
const P360 = { width: 640, height: 360 };
const P720 = { width: 1280, height: 720 };

/** Sentences with pauses as in a conversation, which DTX turns into gaps. */
function speech(voice: string, sentences: string[]): Recipe {
  return { kind: 'speech', voice, text: sentences.join(' <break time="1800ms"/> ') };
}

/** Every clip there is, by name. */
export const RECIPES = {
  'vp8-180p': { kind: 'vp8', ...P180, kbps: 100 },
  'vp8-360p': { kind: 'vp8', ...P360, kbps: 300 },
  'vp8-720p': { kind: 'vp8', ...P720, kbps: 1000 },
  'vp9-svc': { kind: 'vp9', ...P720, kbps: [90, 230, 650] },
  'h264-180p': { kind: 'h264', ...P180, kbps: 110 },
  'h264-360p': { kind: 'h264', ...P360, kbps: 330 },
  'h264-720p': { kind: 'h264', ...P720, kbps: 1100 },
  'speech-english': speech('en-us', [
    'Good morning everybody, and thank you for being on time.',
    'Let us begin with the results of last week, and then look at the open questions.',
    'The new server carried three rooms at once, and nobody complained about the sound.',
    'If there is nothing to add, I would like to hand over to my colleague.',
  ]),
  'speech-german': speech('de', [
    'Vielen Dank, ich mache es kurz.',
    'Wir haben die Messung dreimal wiederholt, und die Werte liegen nahe beieinander.',
    'Morgen prüfen wir die Leitung noch einmal, am besten vor der Mittagspause.',
  ]),
  'speech-french': speech('fr', [
    'Bonjour à tous, je vous entends très bien.',
    'De notre côté, la liaison est restée stable pendant toute la journée.',
    'Nous pouvons passer à la question suivante, si vous voulez.',
  ]),
  'speech-hungarian': speech('hu', [
    'Jó napot kívánok mindenkinek.',
    'A kép és a hang is rendben van, köszönöm a türelmet.',
    'Ha nincs több kérdés, folytassuk a következő ponttal.',
  ]),
  silence: { kind: 'silence', seconds: 20 },
  /** Two seconds before the onset bring the encoder into DTX. */
  onset: { kind: 'onset', atSeconds: 2, lengthSeconds: 0.5, seconds: 4 },
} as const satisfies Record<string, Recipe>;

export type ClipName = keyof typeof RECIPES;
