import type { AudioLevel } from '../rtp/index.ts';

/** Frames quieter than this count as silence. */
const SILENCE_DBOV = 60;
/** This many silent frames are sent, then one of every as many (400 ms, as with Opus DTX). */
const SILENT_FRAMES = 20;

/** Decides which frames of a phone need not be sent because it is silent. */
export class SilenceGate {
  #silentFrames = 0;

  /** Whether the next frame, of this level, need not be sent. */
  isClosed({ levelDbov }: AudioLevel): boolean {
    this.#silentFrames = levelDbov > SILENCE_DBOV ? this.#silentFrames + 1 : 0;
    return this.#silentFrames > SILENT_FRAMES && this.#silentFrames % SILENT_FRAMES !== 0;
  }
}
