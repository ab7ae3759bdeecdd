import { computed, signal } from '@preact/signals';
import type { RecordedTrack } from '../../../sdk/index.ts';

/** What is played: a track, or a video of all of them with their sound. */
export interface PlayedTrack extends RecordedTrack {
  isWhole?: boolean;
}

/** How often elements are compared with the clock, in milliseconds. */
const TICK_MS = 100;
/** An element this far from its place is moved there, in seconds. Moving it interrupts it for a moment. */
const MAX_DRIFT_S = 0.25;
/** A track is loaded this long before it begins, in milliseconds. */
const AHEAD_MS = 5000;

/** Whether a track has something at a position, or will soon. */
function isNear({ offsetMs, durationMs }: PlayedTrack, timeMs: number, aheadMs = AHEAD_MS): boolean {
  return timeMs >= offsetMs - aheadMs && timeMs < offsetMs + durationMs;
}

/**
 * Plays all tracks of a recording together. Each is an element of the page with its own clock: this keeps them where they belong. The clock is
 * that of a sound that plays, since interruptions of sound are heard; it waits for whatever is still loading.
 */
export class Playback {
  readonly durationMs: number;
  readonly tracks: readonly PlayedTrack[];
  /** Position in the recording, in milliseconds. */
  readonly timeMs = signal(0);
  readonly playing = signal(false);
  readonly rate = signal(1);
  /** The tracks that are played or will be soon. Only these need elements. */
  readonly near = computed(() => this.tracks.filter((track) => isNear(track, this.timeMs.value)));
  readonly #elements = new Map<PlayedTrack, HTMLMediaElement>();
  readonly #timer = setInterval(() => this.#tick(), TICK_MS);
  #tickedMs = performance.now();

  constructor(tracks: readonly PlayedTrack[]) {
    this.tracks = tracks;
    this.durationMs = Math.max(0, ...tracks.map(({ offsetMs, durationMs }) => offsetMs + durationMs));
  }

  /** Whether a track has something at the current position. */
  isShown(track: PlayedTrack): boolean {
    return isNear(track, this.timeMs.value, 0);
  }

  /** Plays a track with this element from now on; null: with none. */
  attach(track: PlayedTrack, element: HTMLMediaElement | null): void {
    if (element) {
      this.#elements.set(track, element);
      this.#place(track, element);
    } else {
      this.#elements.delete(track);
    }
  }

  toggle(): void {
    if (!this.playing.value && this.timeMs.value >= this.durationMs) {
      this.seek(0);
    }
    this.playing.value = !this.playing.value;
    this.#tickedMs = performance.now();
    this.#placeAll();
  }

  seek(timeMs: number): void {
    this.timeMs.value = Math.min(this.durationMs, Math.max(0, timeMs));
    for (const [track, element] of this.#elements) {
      if (this.isShown(track)) {
        element.currentTime = (this.timeMs.value - track.offsetMs) / 1000;
      }
    }
    this.#placeAll();
  }

  setRate(rate: number): void {
    this.rate.value = rate;
    this.#placeAll();
  }

  close(): void {
    clearInterval(this.#timer);
    for (const element of this.#elements.values()) {
      element.pause();
    }
  }

  #tick(): void {
    const nowMs = performance.now();
    const passedMs = (nowMs - this.#tickedMs) * this.rate.value;
    this.#tickedMs = nowMs;
    if (!this.playing.value) {
      return;
    }
    const shown = [...this.#elements].filter(([track]) => this.isShown(track));
    const sound = shown.find(([{ codec, isWhole }, { paused, readyState, seeking }]) => {
      return (
        (codec === 'opus' || isWhole) &&
        !paused &&
        !seeking &&
        readyState > HTMLMediaElement.HAVE_CURRENT_DATA
      );
    });
    if (sound) {
      const [{ offsetMs }, { currentTime }] = sound;
      this.timeMs.value = offsetMs + currentTime * 1000;
    } else if (
      shown.every(([, { readyState, error }]) => error || readyState >= HTMLMediaElement.HAVE_CURRENT_DATA)
    ) {
      this.timeMs.value += passedMs;
    }
    if (this.timeMs.value >= this.durationMs) {
      this.timeMs.value = this.durationMs;
      this.playing.value = false;
    }
    this.#placeAll();
  }

  #placeAll(): void {
    for (const [track, element] of this.#elements) {
      this.#place(track, element);
    }
  }

  #place(track: PlayedTrack, element: HTMLMediaElement): void {
    if (!this.isShown(track)) {
      element.pause();
      return;
    }
    element.playbackRate = this.rate.value;
    const wanted = (this.timeMs.value - track.offsetMs) / 1000;
    if (!element.seeking && Math.abs(element.currentTime - wanted) > MAX_DRIFT_S) {
      element.currentTime = wanted;
    }
    if (!this.playing.value) {
      element.pause();
    } else if (element.paused && !element.ended) {
      // It fails if the element is gone meanwhile, or cannot play: then the others go on.
      element.play().catch(() => {});
    }
  }
}
