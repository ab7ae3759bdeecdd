import type { Clip } from '../../client/node/index.ts';

/**
 * The clip at another bitrate: each frame grows or shrinks by the same factor, so that large and small ones alternate as the encoder made
 * them. No decoder can decode the result; the headers that a media server reads are those of the original.
 *
 * @param kbps - mean bitrate in kbit/s, without RTP
 */
export function stretchClip(clip: Clip, kbps: number): Clip {
  const bytes = clip.frames.reduce((sum, { data }) => sum + data.length, 0);
  const seconds = clip.info.durationTicks / clip.info.clockRateHz;
  const factor = (kbps * 1000 * seconds) / (bytes * 8);
  const frames = clip.frames.map((frame) => {
    const length = Math.max(1, Math.round(frame.data.length * factor));
    const data = Buffer.alloc(length);
    for (let at = 0; at < length; at += frame.data.length) {
      frame.data.copy(data, at, 0, Math.min(frame.data.length, length - at));
    }
    return { ...frame, data };
  });
  return { ...clip, frames };
}
