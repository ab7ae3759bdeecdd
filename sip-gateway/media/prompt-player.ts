import type { Codecs } from '../codecs/index.ts';
import type { LegEvent, Prompt } from './leg-types.ts';

/** Plays prompts to one phone, one after the other. */
export class PromptPlayer {
  readonly #codecs: Codecs;
  readonly #sampleRate: number;
  readonly #emit: (event: LegEvent) => void;
  readonly #queue: Array<Prompt & { at: number }> = [];

  constructor(codecs: Codecs, sampleRate: number, emit: (event: LegEvent) => void) {
    this.#codecs = codecs;
    this.#sampleRate = sampleRate;
    this.#emit = emit;
  }

  get playing(): boolean {
    return this.#queue.length > 0;
  }

  play(prompt: Prompt): void {
    this.#queue.push({ ...prompt, samples: this.#convert(prompt), at: 0 });
  }

  /** Stops one prompt, or all. */
  stop(promptId?: string): void {
    for (const prompt of [...this.#queue]) {
      if (promptId !== undefined && prompt.promptId !== promptId) {
        continue;
      }
      this.#queue.splice(this.#queue.indexOf(prompt), 1);
      this.#emit({ type: 'played', promptId: prompt.promptId, completed: false });
    }
  }

  /** Adds the next 20 ms to `mix`. */
  addTo(mix: Float32Array): void {
    const prompt = this.#queue[0];
    if (!prompt) {
      return;
    }
    const { samples } = prompt;
    for (let i = 0; i < mix.length && prompt.at < samples.length; i++) {
      mix[i] = (mix[i] as number) + (samples[prompt.at++] as number);
      if (prompt.loop && prompt.at === samples.length) {
        prompt.at = 0;
      }
    }
    if (prompt.at < samples.length) {
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
