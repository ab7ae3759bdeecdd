import { z } from 'zod';
import { count, flag, list } from './values.ts';

/** An RTMP server with its application: no key, user or query. */
const rtmpUrl = z
  .url({ protocol: /^rtmps?$/, error: 'write an rtmp:// or rtmps:// URL' })
  .regex(/^[^\s@#?]+$/, { error: 'write an rtmp:// or rtmps:// URL without user, key and query' });

/** Whether rooms can be streamed live. */
export function mayStreamLive({ targets, hls }: { targets: readonly string[]; hls: boolean }): boolean {
  return hls || targets.length > 0;
}

/** Bitrate of the sound, in kbit/s. */
export const LIVE_AUDIO_KBPS = 128;

/** Live streams of rooms, by RTMP and HLS. */
export const liveSection = z
  .strictObject({
    targets: list(rtmpUrl)
      .default([])
      .describe(
        'RTMP servers to which rooms can be streamed, comma-separated, e.g. `rtmps://live.example/app`. Whoever starts a stream enters its key. Default: none. See docs/live.md.',
      ),
    hls: flag
      .default(false)
      .describe('Whether rooms can be streamed as HLS, from this server, to whoever has the link.'),
    rooms: count({ min: 1, max: 100 })
      .default(2)
      .describe(
        'Maximum number of rooms streamed at the same time. At 720 lines, each takes about 0.7 CPU cores.',
      ),
    height: count({ min: 240, max: 1080 })
      .default(720)
      .describe('Height of the picture, in pixels. Its width is 16/9 of that.'),
    videoKbps: count({ min: 200, max: 20_000 })
      .default(2500)
      .describe(`Bitrate of the picture, in kbit/s. The sound takes another ${LIVE_AUDIO_KBPS}.`),
  })
  .prefault({});
