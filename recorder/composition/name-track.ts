import type { SceneName } from './scene.ts';
import { FRAME_RATE } from './stretches.ts';
import { CANVAS, type Rect } from './tile-layout.ts';

/** Height of letters, in pixels. */
const LABEL_PX = 22;
const SMALL_LABEL_PX = 15;
/** Tiles up to this width, in pixels, have small letters. */
const SMALL_TILE_PX = 260;
/** Space between a name and the edges of its tile, in pixels. */
const PADDING_PX = 8;
/** Usual width of a letter, in heights. */
const LETTER_WIDTH = 0.6;

const HEADER = `[Script Info]
ScriptType: v4.00+
PlayResX: ${CANVAS.width}
PlayResY: ${CANVAS.height}
WrapStyle: 2
ScaledBorderAndShadow: yes

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, OutlineColour, BackColour, Bold, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: label,sans-serif,${LABEL_PX},&H00FFFFFF,&H60000000,&H60000000,0,3,3,0,1,0,0,0,-1
Style: card,sans-serif,${LABEL_PX},&H00FFFFFF,&H00000000,&H00000000,0,1,0,0,5,0,0,0,-1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
`;

/** The names of a scene as subtitles (ASS), which libass lays out: any script, in either direction, with the fonts that the system has. */
export function nameTrack(names: readonly SceneName[]): string {
  return HEADER + names.map(eventOf).join('');
}

function eventOf({ text, rect, isCard, range }: SceneName): string {
  const { x, y, width, height } = rect;
  const size = width <= SMALL_TILE_PX ? SMALL_LABEL_PX : LABEL_PX;
  const fitting = shortened(text, Math.floor((width - 2 * PADDING_PX) / (size * LETTER_WIDTH)));
  const place = isCard
    ? `${x + width / 2},${y + height / 2}`
    : `${x + PADDING_PX},${y + height - PADDING_PX}`;
  const tags = `{\\fs${size}\\pos(${place})${clipTo(rect)}}`;
  const style = isCard ? 'card' : 'label';
  return `Dialogue: 0,${timeOf(range.from)},${timeOf(range.to)},${style},,0,0,0,,${tags}${literal(fitting)}\n`;
}

function clipTo({ x, y, width, height }: Rect): string {
  return `\\clip(${x},${y},${x + width},${y + height})`;
}

/** A name as ASS shows it literally: without this, `{…}` and backslashes would format, and a line break would begin another event. */
function literal(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
    .replaceAll('\\', '\\\u2060')
    .replaceAll('{', '\\{')
    .replaceAll('}', '\\}');
}

/** At most this many letters, with a sign if some are missing. */
function shortened(text: string, letters: number): string {
  const all = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
  return all.length <= letters ? text : `${all.slice(0, Math.max(1, letters - 1)).join('')}…`;
}

/** A time in ASS, in hundredths of a second: a little before the frame, so that it is not missed. */
function timeOf(frame: number): string {
  const hundredths = Math.max(0, Math.round((100 * (frame - 0.5)) / FRAME_RATE));
  const two = (number: number) => String(Math.floor(number)).padStart(2, '0');
  const seconds = hundredths / 100;
  return `${Math.floor(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}.${two(hundredths % 100)}`;
}
