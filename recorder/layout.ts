import type { BridgeSource, Layout } from '../client/sdk/index.ts';

/** Sizes that are recorded, in pixels. */
const SPEAKER = { width: 1280, height: 720 };
const OTHERS = { width: 640, height: 360 };
const SCREEN = { width: 1920, height: 1080 };

/**
 * What the recorder shows, as if it were a page: screens in full, the speaker large, everyone else small. With `full`, everyone is large, which
 * every sender pays for.
 */
export function recordingLayout(
  sources: readonly BridgeSource[],
  { speaker, full, maxBitrateBps }: { speaker: string | null; full: boolean; maxBitrateBps: number },
): Layout {
  const tiles = sources.flatMap(({ participantId, kind, source }) => {
    if (kind !== 'video' || (source !== 'camera' && source !== 'screen')) {
      return [];
    }
    const size = source === 'screen' ? SCREEN : full || participantId === speaker ? SPEAKER : OTHERS;
    return [{ participantId, source, ...size }];
  });
  return { tiles, maxBitrateBps };
}
