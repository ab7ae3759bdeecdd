import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Prompt } from '../media/index.ts';
import { locate, readWav } from './build.mjs';
import type { PromptLanguage, PromptName } from './texts.mjs';
import { toneOf } from './tones.ts';

/** What callers hear: words where they have been made, tones elsewhere. */
export class Prompts {
  /** Whether words are heard. */
  readonly spoken: boolean;
  readonly #folder: string | null;
  readonly #read = new Map<string, Pick<Prompt, 'samples' | 'sampleRate'>>();
  #lastId = 0;

  /** @param folder where build.mjs put them; null: tones */
  constructor(folder: string | null = locate()) {
    this.#folder = folder;
    this.spoken = folder !== null;
  }

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
      // The cache has been cleared while we run.
      return toneOf(name);
    }
  }
}
