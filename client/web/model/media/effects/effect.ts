import { effect, type ReadonlySignal, signal } from '@preact/signals';

/** A track that was changed before it is sent. */
export interface AppliedEffect {
  readonly track: MediaStreamTrack;
  stop(): void;
}

/** Something that can be done to a track of the camera or microphone. Rejects where the browser cannot do it. */
export type Effect = (track: MediaStreamTrack) => Promise<AppliedEffect>;

/** A camera or microphone with the chosen effect: what is sent, and what the user sees of themselves. */
export class EffectTrack {
  /** The input itself without an effect. */
  readonly output = signal<MediaStreamTrack | undefined>(undefined);
  /** Called when the chosen effect fails. */
  onFailure: (error: unknown) => void = () => {};
  readonly #meanwhile: 'input' | 'nothing';
  #applied: AppliedEffect | undefined;
  /** Counts changes, so that a superseded effect is discarded. */
  #changes = 0;

  /** @param meanwhile what the output is while an effect loads */
  constructor(
    input: ReadonlySignal<MediaStreamTrack | undefined>,
    chosen: ReadonlySignal<Effect | undefined>,
    meanwhile: 'input' | 'nothing',
  ) {
    this.#meanwhile = meanwhile;
    effect(() => {
      void this.#follow(input.value, chosen.value);
    });
  }

  async #follow(track: MediaStreamTrack | undefined, chosen: Effect | undefined): Promise<void> {
    this.#changes += 1;
    const change = this.#changes;
    const before = this.#applied;
    this.#applied = undefined;
    this.output.value = chosen && this.#meanwhile === 'nothing' ? undefined : track;
    before?.stop();
    if (!track || !chosen) {
      return;
    }
    try {
      const applied = await chosen(track);
      if (change !== this.#changes) {
        applied.stop();
        return;
      }
      this.#applied = applied;
      this.output.value = applied.track;
    } catch (error) {
      if (change === this.#changes) {
        this.onFailure(error);
      }
    }
  }
}
