import type { TelephonyConfig } from '../../contract/index.ts';
import type { PhraseName, PhraseValues, PromptName, Prompts } from '../prompts/index.ts';
import type { CallMedia } from './call-media.ts';

export interface CallSoundsOptions {
  readonly prompts: Prompts;
  /** The language of the prompts. */
  language(): TelephonyConfig['language'];
  /** Undefined before the call has media. */
  media(): CallMedia | undefined;
  /** Runs `work`; if it fails, the call fails too. */
  attempt(work: () => Promise<unknown>): void;
}

/** What a phone is played, and what is recorded of it. */
export class CallSounds {
  readonly #options: CallSoundsOptions;

  constructor(options: CallSoundsOptions) {
    this.#options = options;
  }

  /** Queues a prompt. */
  play(name: PromptName): void {
    const { prompts, language } = this.#options;
    this.#withMedia((media) => media.play(prompts.prompt(name, language())));
  }

  /** Queues a phrase with its gaps filled. */
  say(name: PhraseName, values: PhraseValues): void {
    const { prompts, language, media, attempt } = this.#options;
    attempt(async () => {
      const prompt = await prompts.phrase(name, values, language());
      await media()?.play(prompt);
    });
  }

  /** Plays hold music, if the operator has chosen any, until the phone no longer waits. */
  wait(on: boolean): void {
    this.#withMedia((media) => media.wait(on));
  }

  /** Plays the beep after which a caller is recorded. */
  beep(): void {
    this.#withMedia((media) => media.play(this.#options.prompts.beep()));
  }

  /** Records what the phone says, for at most this time; 0 ends a recording. */
  record(maxMs: number): void {
    this.#withMedia((media) => media.record(maxMs));
  }

  /** Stops what is played and forgets what is queued. */
  stop(): void {
    this.#withMedia((media) => media.stopPrompts());
  }

  #withMedia(work: (media: CallMedia) => Promise<unknown>): void {
    this.#options.attempt(async () => {
      const media = this.#options.media();
      if (media) {
        await work(media);
      }
    });
  }
}
