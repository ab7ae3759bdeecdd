import { type SilentPacket, silence } from './opus-filler.ts';

/** How far sound may be from its place before silence is inserted or a packet is left out in a quiet moment, in milliseconds. */
const QUIET_DRIFT_MS = 10;
/** The same at any moment. */
const MAX_DRIFT_MS = 30;
/** Packets up to this size are silent, in bytes: Opus with DTX sends such ones between speech. */
const QUIET_BYTES = 6;

/** Where a packet goes: after `fill`, at `atMs`. */
export interface Placed {
  fill: Iterable<SilentPacket>;
  atMs: number;
}

/**
 * Lays the packets of a track end to end. Many players count samples and ignore timestamps, so a hole is filled with silence, and where a
 * sender's clock runs fast or slow, a little silence is inserted or a packet left out.
 */
export class AudioTimeline {
  /** Where the next packet goes if it comes in time, in milliseconds; undefined before the first one. */
  #endMs: number | undefined;

  /** End of what has been placed, in milliseconds; 0 before the first packet. */
  get endMs(): number {
    return this.#endMs ?? 0;
  }

  /** @param atMs when the packet should play @returns undefined: leave it out */
  place(atMs: number, { durationMs, bytes }: { durationMs: number; bytes: number }): Placed | undefined {
    const expectedMs = this.#endMs ?? atMs;
    const aheadMs = atMs - expectedMs;
    const tolerated = bytes <= QUIET_BYTES ? QUIET_DRIFT_MS : MAX_DRIFT_MS;
    if (aheadMs <= -Math.max(tolerated, durationMs)) {
      return undefined;
    }
    if (aheadMs < tolerated) {
      this.#endMs = expectedMs + durationMs;
      return { fill: [], atMs: expectedMs };
    }
    const filled = expectedMs + Math.floor(aheadMs / 10) * 10;
    this.#endMs = filled + durationMs;
    return { fill: silence(expectedMs, atMs), atMs: filled };
  }
}
