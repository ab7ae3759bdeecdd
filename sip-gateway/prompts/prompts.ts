import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Prompt } from '../media/index.ts';
import { locate, readWav } from './build.mjs';
import { Speech } from './speech.ts';
import { type PhraseName, type PromptLanguage, type PromptName, TEXTS } from './texts.mjs';
import { phraseTones, recordingTone, toneOf } from './tones.ts';

/** Maximum length of a value in a phrase, in characters. */
const MAX_VALUE = 64;

export type PhraseValues = Readonly<Record<string, string | number>>;

/** The prompts for callers: spoken ones if they have been built, otherwise tones. */
export class Prompts {
  /** Whether prompts are spoken. */
  readonly spoken: boolean;
  readonly #folder: string | null;
  readonly #speech: Speech;
  readonly #read = new Map<string, Pick<Prompt, 'samples' | 'sampleRate'>>();
  #lastId = 0;

  /** @param folder output of build.mjs; null: tones */
  constructor(folder: string | null = locate(), speech = new Speech()) {
    this.#folder = folder;
    this.#speech = speech;
    this.spoken = folder !== null;
  }

  /** A prompt with a new id. */
  prompt(name: PromptName, language: PromptLanguage): Prompt {
    const key = `${language}-${name}`;
    let sound = this.#read.get(key);
    if (!sound) {
      sound = this.#load(name, key);
      this.#read.set(key, sound);
    }
    return { promptId: this.#nextId(key), ...sound };
  }

  /** A phrase with its gaps filled, with a new id. Tones if it cannot be spoken. Takes about a tenth of a second. */
  async phrase(name: PhraseName, values: PhraseValues, language: PromptLanguage): Promise<Prompt> {
    const { voice, phrases } = TEXTS[language];
    const text = phrases[name].replace(/\{(\w+)\}/g, (_, gap: string) => spokenValue(values[gap]));
    const sound = await this.#speech.say(text, voice);
    return { promptId: this.#nextId(name), ...(sound ?? phraseTones(name, values)) };
  }

  /** The tones that stand for a phrase, with a new id. */
  tones(name: PhraseName): Prompt {
    return { promptId: this.#nextId(name), ...phraseTones(name, {}) };
  }

  /** The beep after which a caller is recorded, with a new id. */
  beep(): Prompt {
    return { promptId: this.#nextId('beep'), ...recordingTone() };
  }

  #nextId(name: string): string {
    this.#lastId += 1;
    return `${name}-${this.#lastId}`;
  }

  #load(name: PromptName, key: string): Pick<Prompt, 'samples' | 'sampleRate'> {
    if (this.#folder === null) {
      return toneOf(name);
    }
    try {
      const { samples, rateHz } = readWav(readFileSync(join(this.#folder, `${key}.wav`)));
      return { samples, sampleRate: rateHz };
    } catch {
      // The cache has been cleared since the start.
      return toneOf(name);
    }
  }
}

/** A value without what espeak-ng would not read out: phonemes in brackets, control characters. */
function spokenValue(value: string | number | undefined): string {
  return String(value ?? '')
    .replace(/[^\p{L}\p{N}\p{M} .,'’-]+/gu, ' ')
    .slice(0, MAX_VALUE)
    .trim();
}
