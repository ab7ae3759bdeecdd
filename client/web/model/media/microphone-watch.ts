import { effect, signal } from '@preact/signals';
import type { LocalMedia } from './local-media.ts';
import { type MicrophoneHint, MicrophoneJudge } from './microphone-judge.ts';
import { watchLevel } from './sound-level.ts';

/** Watches the microphone during a call, even while it is muted. */
export class MicrophoneWatch {
  readonly hint = signal<MicrophoneHint | undefined>(undefined);
  readonly #stop: () => void;

  constructor(media: LocalMedia) {
    this.#stop = effect(() => {
      const track = media.microphone.value;
      this.hint.value = undefined;
      return track && this.#watch(track, media);
    });
  }

  close(): void {
    this.#stop();
  }

  #watch(track: MediaStreamTrack, media: LocalMedia): () => void {
    const judge = new MicrophoneJudge();
    // The published track delivers silence while it is muted.
    const heard = track.clone();
    heard.enabled = true;
    const stop = watchLevel(heard, (level) => {
      this.hint.value = judge.judge({
        ...level,
        nowMs: performance.now(),
        muted: media.silenced.peek(),
        mutedBySystem: track.muted,
      });
    });
    return () => {
      stop();
      heard.stop();
    };
  }
}
