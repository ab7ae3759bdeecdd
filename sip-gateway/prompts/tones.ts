import type { PhraseName, PromptName } from './texts.mjs';

const SAMPLE_RATE = 8000;
const AMPLITUDE = 6000;
/** Length of fade-in and fade-out, which prevent clicks, in samples. */
const RAMP = 80;

/** A beep. Frequency 0: a pause. */
type Beep = readonly [frequencyHz: number, milliseconds: number];

const COME: readonly Beep[] = [
  [520, 80],
  [780, 120],
];
const GO: readonly Beep[] = [
  [780, 80],
  [520, 120],
];
/** Several beeps, since nobody may be recorded, streamed or transcribed without a sign. */
const OVERHEARD: readonly Beep[] = [
  [1400, 150],
  [0, 150],
  [1400, 150],
  [0, 150],
  [1400, 150],
  [0, 100],
];
const UNHEARD: readonly Beep[] = [
  [1400, 150],
  [700, 250],
  [0, 100],
];
const RECORD: readonly Beep[] = [[1000, 200]];

const BEEPS: Readonly<Record<PromptName, readonly Beep[]>> = {
  'enter-pin': [
    [620, 150],
    [0, 100],
    [620, 150],
  ],
  'wrong-pin': [
    [300, 500],
    [0, 100],
  ],
  goodbye: [
    [300, 300],
    [0, 100],
    [300, 300],
    [0, 100],
    [200, 600],
  ],
  'no-phones': [
    [400, 200],
    [0, 100],
    [400, 200],
    [0, 100],
    [250, 600],
  ],
  'say-name': [
    [440, 150],
    [0, 50],
    [620, 150],
    [0, 100],
  ],
  'has-joined': COME,
  'has-left': GO,
  alone: [
    [440, 120],
    [0, 400],
  ],
  joined: [
    [520, 120],
    [780, 180],
    [0, 100],
  ],
  recorded: OVERHEARD,
  'not-recorded': UNHEARD,
  streamed: OVERHEARD,
  'not-streamed': UNHEARD,
  captioned: OVERHEARD,
  'not-captioned': UNHEARD,
  muted: [
    [660, 100],
    [440, 150],
  ],
  unmuted: [
    [440, 100],
    [660, 150],
  ],
  'stay-muted': [
    [660, 100],
    [440, 150],
    [0, 100],
    [440, 150],
  ],
  'may-speak': [
    [440, 100],
    [660, 100],
    [880, 150],
  ],
  'muted-by-moderator': [
    [660, 100],
    [440, 150],
    [0, 100],
    [330, 150],
  ],
  menu: [[520, 150]],
  'moderator-menu': [[520, 150]],
  'moderators-only': [[300, 400]],
  'not-possible': [[300, 600]],
  'room-locked': [
    [880, 100],
    [660, 100],
    [440, 200],
  ],
  'room-unlocked': [
    [440, 100],
    [660, 100],
    [880, 200],
  ],
  'all-muted': [
    [660, 100],
    [440, 100],
    [660, 100],
    [440, 150],
  ],
  'enter-number': [
    [620, 150],
    [0, 100],
    [620, 150],
  ],
  calling: [
    [440, 120],
    [0, 80],
    [440, 120],
  ],
  'call-refused': [[300, 500]],
  'call-failed': [
    [300, 300],
    [0, 100],
    [300, 300],
  ],
  cancelled: [[300, 200]],
  'hand-raised': [
    [660, 100],
    [880, 150],
  ],
  'hand-lowered': [
    [880, 100],
    [660, 150],
  ],
};

interface Tones {
  samples: Int16Array;
  sampleRate: number;
}

/** Beeps that anybody still counts. */
const MAX_BEEPS = 10;

/** The beeps that replace a spoken prompt. */
export function toneOf(name: PromptName): Tones {
  return tonesOf(BEEPS[name]);
}

/** The beep after which a caller is recorded. */
export function recordingTone(): Tones {
  return tonesOf(RECORD);
}

/** The beeps that replace a phrase. A count is that many, at most ten. */
export function phraseTones(name: PhraseName, { count }: Readonly<Record<string, string | number>>): Tones {
  switch (name) {
    case 'joined':
      return tonesOf(COME);
    case 'left':
      return tonesOf(GO);
    case 'count': {
      const beeps = Array.from({ length: Math.min(Number(count), MAX_BEEPS) }, (): Beep[] => [
        [660, 80],
        [0, 170],
      ]);
      return tonesOf(beeps.flat());
    }
  }
}

function tonesOf(beeps: readonly Beep[]): Tones {
  const parts = beeps.map(([frequencyHz, milliseconds]) => {
    const length = (SAMPLE_RATE * milliseconds) / 1000;
    return Int16Array.from({ length }, (_, n) => {
      const edge = Math.min(1, n / RAMP, (length - n) / RAMP);
      return Math.round(AMPLITUDE * edge * Math.sin((2 * Math.PI * frequencyHz * n) / SAMPLE_RATE));
    });
  });
  const samples = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    samples.set(part, at);
    at += part.length;
  }
  return { samples, sampleRate: SAMPLE_RATE };
}
