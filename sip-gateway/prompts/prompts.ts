import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Prompt } from '../media/index.ts';
import { locate, readWav } from './build.mjs';
import type { PromptLanguage, PromptName } from './texts.mjs';
import { toneOf } from './tones.ts';

/** The prompts for callers: spoken ones if they have been built, otherwise tones. */
export class Prompts {
  /** Whether prompts are spoken. */
  readonly spoken: boolean;
  readonly #folder: string | null;
  readonly #read = new Map<string, Pick<Prompt, 'samples' | 'sampleRate'>>();
  #lastId = 0;

  /** @param folder output of build.mjs; null: tones */
  constructor(folder: string | null = locate()) {
    this.#folder = folder;
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
    this.#lastId += 1;
    return { promptId: `${key}-${this.#lastId}`, ...sound };
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
