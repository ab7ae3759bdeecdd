import type { Codecs } from '../codecs/index.ts';
import type { LegEvent, Prompt } from './leg-types.ts';

interface Queued {
  prompt: Prompt;
  /** At the player's rate. */
  samples: Int16Array;
  at: number;
}

/** Plays prompts to one phone, one after the other. */
export class PromptPlayer {
  readonly #codecs: Codecs;
  #sampleRate: number;
  readonly #emit: (event: LegEvent) => void;
  readonly #queue: Queued[] = [];

  constructor(codecs: Codecs, sampleRate: number, emit: (event: LegEvent) => void) {
    this.#codecs = codecs;
    this.#sampleRate = sampleRate;
    this.#emit = emit;
  }

  get playing(): boolean {
    return this.#queue.length > 0;
  }

  play(prompt: Prompt): void {
    this.#queue.push({ prompt, samples: this.#convert(prompt), at: 0 });
  }

  /** Goes on at another sample rate. */
  changeRate(sampleRate: number): void {
    const factor = sampleRate / this.#sampleRate;
    this.#sampleRate = sampleRate;
    for (const queued of this.#queue) {
      queued.samples = this.#convert(queued.prompt);
      queued.at = Math.min(Math.round(queued.at * factor), Math.max(0, queued.samples.length - 1));
    }
  }

  /** Stops one prompt, or all. */
  stop(promptId?: string): void {
    for (const queued of [...this.#queue]) {
      const { prompt } = queued;
      if (promptId !== undefined && prompt.promptId !== promptId) {
        continue;
      }
      this.#queue.splice(this.#queue.indexOf(queued), 1);
      this.#emit({ type: 'played', promptId: prompt.promptId, completed: false });
    }
  }

  /** Adds the next 20 ms to `mix`. */
  addTo(mix: Float32Array): void {
    const queued = this.#queue[0];
    if (!queued) {
      return;
    }
    const { prompt, samples } = queued;
    for (let i = 0; i < mix.length && queued.at < samples.length; i++) {
      mix[i] = (mix[i] as number) + (samples[queued.at++] as number);
      if (prompt.loop && queued.at === samples.length) {
        queued.at = 0;
      }
    }
    if (queued.at < samples.length) {
      return;
    }
    this.#queue.shift();
    this.#emit({ type: 'played', promptId: prompt.promptId, completed: true });
  }

  #convert({ samples, sampleRate }: Prompt): Int16Array {
    if (sampleRate === this.#sampleRate || samples.length === 0) {
      return samples;
    }
    const resampler = this.#codecs.createResampler(sampleRate, this.#sampleRate);
    const parts: number[] = [];
    for (let at = 0; at < samples.length; at += sampleRate) {
      parts.push(...resampler.process(samples.subarray(at, at + sampleRate)));
    }
    resampler.close();
    return Int16Array.from(parts);
  }
}
