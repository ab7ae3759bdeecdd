import type { CompositionFormat, RecordedTrack } from '../../contract/index.ts';
import type { FrameRange, Scene, ScenePicture } from './scene.ts';
import { FRAME_RATE } from './stretches.ts';
import { CANVAS, type Rect } from './tile-layout.ts';

const BACKGROUND = '0x14171a';
const TILE = '0x2a2f36';
/** A camera's frames from this long before they are shown, in seconds, are decoded but not scaled. A screen may have had none for longer. */
const AHEAD_S = 1;
/** Largest picture that is decoded, 8K: what people send could claim any size, and take all the memory. */
const MAX_PIXELS = 7680 * 4320;

/** Encoders, and formats of the files that are joined afterwards. */
export const VIDEO_ENCODERS: Partial<Record<CompositionFormat, string[]>> = {
  mp4: [
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '24', '-pix_fmt', 'yuv420p', '-g', '150'],
    // Players take unmarked pictures of this size for BT.709.
    ...['-colorspace', 'smpte170m', '-color_primaries', 'smpte170m', '-color_trc', 'smpte170m'],
    ...['-video_track_timescale', '90000', '-f', 'mp4'],
  ],
  webm: [
    ...[
      '-c:v',
      'libvpx-vp9',
      '-deadline',
      'realtime',
      '-cpu-used',
      '8',
      '-row-mt',
      '1',
      '-tile-columns',
      '2',
    ],
    ...['-b:v', '1500k', '-pix_fmt', 'yuv420p', '-g', '150', '-f', 'webm'],
  ],
};

export interface PictureCommand {
  /** Arguments of ffmpeg but for the output. Nothing of what people chose is in them. */
  inputs: string[];
  graph: string;
}

/**
 * How ffmpeg draws a scene.
 *
 * @param folder where the tracks are, from ffmpeg's working folder
 * @param names file with the names, in ffmpeg's working folder
 */
export function pictureCommand(
  scene: Scene,
  { folder, names }: { folder: string; names: string },
): PictureCommand {
  const fromMs = (scene.fromFrame * 1000) / FRAME_RATE;
  const tracks = [...new Set(scene.pictures.map(({ span }) => span.track))];
  const chains: string[] = [backgroundOf(scene)];
  for (const [index, track] of tracks.entries()) {
    const places = scene.pictures.flatMap(({ span }, place) =>
      span.track === track ? [`[in${place}]`] : [],
    );
    chains.push(`[${index}:v]split=${places.length}${places.join('')}`);
  }
  let shown = '[background]';
  for (const [index, picture] of scene.pictures.entries()) {
    chains.push(
      `[in${index}]${frameFilter(picture)}${scaledTo(picture.rect)}[scaled${index}]`,
      `${shown}[scaled${index}]overlay=${centredIn(picture.rect)}:eval=frame:eof_action=pass:format=yuv420${enabledIn(picture.ranges)}[drawn${index}]`,
    );
    shown = `[drawn${index}]`;
  }
  chains.push(`${shown}ass=filename=${names}[video]`);
  return { inputs: tracks.flatMap((track) => inputOf(track, fromMs, folder)), graph: chains.join(';\n') };
}

/**
 * The file of a track. Reading begins at the key frame before the position, whose frames then have negative times: so the picture that is shown
 * at the position is known. The size of pictures may change, so the graph must not be built again for it.
 */
function inputOf({ file, codec, offsetMs }: RecordedTrack, fromMs: number, folder: string): string[] {
  const aheadMs = fromMs - offsetMs;
  const place = aheadMs >= 0 ? ['-ss', seconds(aheadMs)] : ['-itsoffset', seconds(-aheadMs)];
  // Only libvpx shows nothing but the highest layer of a picture.
  const decoder = codec === 'vp9' ? ['-c:v', 'libvpx-vp9'] : [];
  return [
    ...['-reinit_filter', '0', '-threads', '1', ...decoder, '-max_pixels', String(MAX_PIXELS)],
    ...['-noaccurate_seek', ...place],
    ...['-f', 'matroska', '-i', `file:${folder}/${file}`],
  ];
}

function backgroundOf({ tiles, frames }: Scene): string {
  const { width, height } = CANVAS;
  const source = `color=c=${BACKGROUND}:s=${width}x${height}:r=${FRAME_RATE}:d=${seconds((frames * 1000) / FRAME_RATE)}`;
  const boxes = tiles.map(
    ({ x, y, width: w, height: h }) => `drawbox=x=${x}:y=${y}:w=${w}:h=${h}:color=${TILE}:t=fill`,
  );
  return `${[source, 'format=yuv420p', ...boxes].join(',')}[background]`;
}

/** Drops frames that are not shown, so that they need not be scaled. */
function frameFilter({ span, ranges }: ScenePicture): string {
  if (span.track.source === 'screen') {
    return '';
  }
  const parts = ranges ?? [{ from: 0, to: Number.POSITIVE_INFINITY }];
  const terms = parts.map(({ from, to }) => {
    const fromS = (from / FRAME_RATE - AHEAD_S).toFixed(3);
    return Number.isFinite(to) ? `between(t,${fromS},${(to / FRAME_RATE).toFixed(3)})` : `gte(t,${fromS})`;
  });
  return `select='${terms.join('+')}',`;
}

function scaledTo({ width, height }: Rect): string {
  return `scale=${width}:${height}:force_original_aspect_ratio=decrease:flags=bilinear,setsar=1`;
}

function centredIn({ x, y, width, height }: Rect): string {
  return `x='${x}+(${width}-w)/2':y='${y}+(${height}-h)/2'`;
}

function enabledIn(ranges: readonly FrameRange[] | undefined): string {
  if (ranges === undefined) {
    return '';
  }
  // Half a frame early, so that rounding misses none.
  const at = (frame: number) => ((frame - 0.5) / FRAME_RATE).toFixed(4);
  return `:enable='${ranges.map(({ from, to }) => `between(t,${at(from)},${at(to)})`).join('+')}'`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
