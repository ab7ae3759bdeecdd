import type { CompositionFormat, RecordedTrack } from '../../contract/index.ts';

const AAC = ['-c:a', 'aac', '-b:a', '128k'];
const OPUS = ['-c:a', 'libopus', '-b:a', '96k'];

/** Encoders and formats of the sound: of the file itself, or to be put beside pictures. */
export const SOUND_ENCODERS: Record<CompositionFormat, string[]> = {
  mp4: [...AAC, '-f', 'ipod'],
  m4a: [...AAC, '-movflags', '+faststart', '-f', 'ipod'],
  webm: [...OPUS, '-f', 'ogg'],
  opus: [...OPUS, '-f', 'ogg'],
};

/**
 * How ffmpeg mixes all sounds of a recording: each at its place and as loud as it was, with silence in between. Only peaks that would clip are
 * lowered.
 *
 * @param folder where the tracks are, from ffmpeg's working folder
 */
export function soundCommand(
  sounds: readonly RecordedTrack[],
  { folder, durationMs }: { folder: string; durationMs: number },
): { inputs: string[]; graph: string } {
  const length = (durationMs / 1000).toFixed(3);
  const chains = sounds.map(
    ({ offsetMs }, index) =>
      `[${index}:a]aresample=48000:async=1:first_pts=0,aformat=channel_layouts=stereo,adelay=delays=${Math.round(offsetMs)}:all=1[sound${index}]`,
  );
  const mix = sounds.map((_, index) => `[sound${index}]`).join('');
  const mixed =
    sounds.length === 0
      ? 'anullsrc=r=48000:cl=stereo'
      : `${mix}amix=inputs=${sounds.length}:normalize=0:duration=longest,alimiter=limit=0.95:level=false,apad`;
  return {
    inputs: sounds.flatMap(({ file }) => ['-f', 'matroska', '-i', `file:${folder}/${file}`]),
    graph: [...chains, `${mixed},atrim=end=${length}[sound]`].join(';\n'),
  };
}
