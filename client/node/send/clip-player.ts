import { type Clip, type ClipFrame, keyFrameBefore } from '../clip/index.ts';
import { wallClockMs } from '../rtp/index.ts';

/** Called with each frame when it is due. `talkStart`: the first frame after a gap in the clip. */
export type FrameListener = (frame: ClipFrame, captureMs: number, talkStart: boolean) => void;

/**
 * Plays a clip in a loop against the wall clock: the n-th frame is due at an exact offset from the start, so late timers do not accumulate
 * drift.
 */
export class ClipPlayer {
  readonly #clip: Clip;
  readonly #listener: FrameListener;
  readonly #msPerTick: number;
  readonly #beganAtMs: number | undefined;
  #index: number;
  /** When timestamp 0 of the current loop is due. */
  #roundMs: number;
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  #lastTimestamp = Number.NEGATIVE_INFINITY;

  /** @param start - position in the clip in seconds, or the time on wallClockMs() at which it started; and how fast its clock runs */
  constructor(
    clip: Clip,
    start: ({ seconds: number } | { beganAtMs: number }) & { speed?: number },
    listener: FrameListener,
  ) {
    this.#clip = clip;
    this.#listener = listener;
    this.#msPerTick = 1000 / (clip.info.clockRateHz * (start.speed ?? 1));
    this.#beganAtMs = 'beganAtMs' in start ? start.beganAtMs : undefined;
    this.#index = 'seconds' in start ? this.#indexAt(start.seconds * clip.info.clockRateHz) : 0;
    this.#roundMs = 0;
  }

  get running(): boolean {
    return this.#running;
  }

  /** Starts, or resumes at the last key frame. */
  start(): void {
    if (this.#running) {
      return;
    }
    this.#running = true;
    if (this.#beganAtMs !== undefined) {
      const { durationTicks } = this.#clip.info;
      const beganAtMs = this.#onTick(this.#beganAtMs);
      const elapsedTicks = (wallClockMs() - beganAtMs) / this.#msPerTick;
      this.#index = this.#indexAt(elapsedTicks);
      this.#roundMs = beganAtMs + Math.floor(elapsedTicks / durationTicks) * durationTicks * this.#msPerTick;
      this.#arm();
      return;
    }
    this.#index = keyFrameBefore(this.#clip, this.#index);
    this.#roundMs = this.#onTick(wallClockMs()) - this.#timestampOf(this.#index) * this.#msPerTick;
    this.#arm();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  /** Answers a key frame request: the next picture is the clip's last key picture, while time continues. */
  rewind(): void {
    // Complete a partly sent picture first.
    const keyIndex = keyFrameBefore(this.#clip, this.#index);
    if (!this.#running || keyIndex === this.#index) {
      return;
    }
    this.#roundMs += (this.#timestampOf(this.#index) - this.#timestampOf(keyIndex)) * this.#msPerTick;
    this.#index = keyIndex;
  }

  #indexAt(ticks: number): number {
    const { frames, info } = this.#clip;
    const found = frames.findIndex(({ timestamp }) => timestamp >= ticks % info.durationTicks);
    return keyFrameBefore(this.#clip, Math.max(0, found));
  }

  /** Frames are captured at whole ticks, so that rounding to RTP timestamps keeps their distances. */
  #onTick(timeMs: number): number {
    return Math.round(timeMs / this.#msPerTick) * this.#msPerTick;
  }

  #timestampOf(index: number): number {
    return this.#clip.frames[index]?.timestamp ?? 0;
  }

  #arm(): void {
    const dueMs = this.#roundMs + this.#timestampOf(this.#index) * this.#msPerTick;
    this.#timer = setTimeout(() => this.#play(), Math.max(0, dueMs - wallClockMs()));
  }

  /** Plays all frames that are due; the spatial layers of a picture together. */
  #play(): void {
    const { frames, info } = this.#clip;
    const nowMs = wallClockMs() + 0.5;
    for (;;) {
      const frame = frames[this.#index] as ClipFrame;
      const captureMs = this.#roundMs + frame.timestamp * this.#msPerTick;
      if (captureMs > nowMs) {
        break;
      }
      const gap = frame.timestamp - this.#lastTimestamp;
      this.#lastTimestamp = frame.timestamp;
      this.#listener(frame, captureMs, info.codec === 'opus' && gap > info.clockRateHz / 20);
      if (!this.#running) {
        return;
      }
      if (++this.#index === frames.length) {
        this.#index = 0;
        this.#roundMs += info.durationTicks * this.#msPerTick;
        this.#lastTimestamp -= info.durationTicks;
      }
    }
    this.#arm();
  }
}
