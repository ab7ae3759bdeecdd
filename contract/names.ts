/** Names of people and rooms, and other text from outside: the same rules for the server, the SDK and pages. Needs no schema library. */

const MAX_NAME_LENGTH = 64;
const MAX_FILE_NAME_LENGTH = 255;
const NOT_IN_FILE_NAMES = /[/\\:*?"<>|]/g;

/**
 * Characters that are invisible or change how other text is displayed: controls, format characters (including bidirectional ones and
 * annotations), default-ignorable ones (zero-width characters, fillers, tags), lone surrogates and private use.
 */
const UNSEEN = String.raw`\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u200e\u200f\ufff9-\ufffb`;
/** Scripts whose letters change form at a joiner (UAX #31). */
const JOINING = [
  ...['Arabic', 'Syriac', 'Mongolian', 'Nko', 'Devanagari', 'Bengali', 'Gurmukhi', 'Gujarati', 'Oriya'],
  ...['Tamil', 'Telugu', 'Kannada', 'Malayalam', 'Sinhala', 'Khmer', 'Myanmar', 'Tibetan'],
]
  .map((script) => String.raw`\p{Script=${script}}`)
  .join('');
/** Where such a character is part of visible text: emoji, joiners within words, Han variation sequences. */
const SEEN = [
  String.raw`\p{RGI_Emoji}`,
  String.raw`(?<=[${JOINING}])[\u200c\u200d](?=[${JOINING}])`,
  String.raw`(?<=\p{Script=Han})[\u{e0100}-\u{e01ef}]`,
].join('|');

const ONE_EMOJI = String.raw`^\p{RGI_Emoji}$`;

/** Compiled on first use: some tools' engines lack the flag, and they do not clean names. */
let suspicious: RegExp | undefined;
let cleaning: RegExp | undefined;
let emoji: RegExp | undefined;

/** Removes what is invisible or changes how other text is displayed, unless it is part of visible text. */
function withoutUnseen(text: string): string {
  // Most texts have nothing of this, and looking for emoji in a long one takes milliseconds.
  suspicious ??= new RegExp(`[${UNSEEN}]`, 'v');
  if (!suspicious.test(text)) {
    return text;
  }
  cleaning ??= new RegExp(`(${SEEN})|[${UNSEEN}]`, 'gv');
  return text.replace(cleaning, (_match, seen: string | undefined) => seen ?? '');
}

const SPACES = /[\p{White_Space}\u2800]+/gu;
/** More combining marks on one letter than any script needs; they would overflow into adjacent lines. */
const PILED_MARKS = /(\p{M}{5})\p{M}+/gu;

/**
 * Makes any text fit for display as a person's name: composed (NFC), without invisible or reordering characters, single spaces, at most 64
 * UTF-16 code units. Emoji, combining marks and joiners of real scripts are kept. May return an empty string.
 */
export function displayable(text: string): string {
  return displayableUpTo(MAX_NAME_LENGTH, text);
}

/**
 * Makes any text fit for display as the name of a file, and to save it under: like a person's name, up to 255 characters, without path
 * separators and other characters that file systems do not permit. May return an empty string.
 */
export function displayableFileName(text: string): string {
  const name = displayableUpTo(text.length, text.replace(NOT_IN_FILE_NAMES, '_'));
  const extension = /\.\w{1,16}$/.exec(name)?.[0] ?? '';
  const base = name.slice(0, name.length - extension.length);
  return `${displayableUpTo(MAX_FILE_NAME_LENGTH - extension.length, base)}${extension}`;
}

function displayableUpTo(maxLength: number, text: string): string {
  const clean = withoutUnseen(text.normalize('NFC').replace(SPACES, ' '))
    .replace(PILED_MARKS, '$1')
    .replace(/^[\p{M} ]+/u, '')
    .replace(/ {2,}/g, ' ');
  let shown = '';
  for (const { segment } of new Intl.Segmenter().segment(clean)) {
    if (shown.length + segment.length > maxLength) {
      break;
    }
    shown += segment;
  }
  return shown.trim();
}

const LINE_BREAKS = /\r\n?|[\n\v\f\u0085\u2028\u2029]/g;
/** A tab, and white space other than plain spaces. */
const ODD_SPACE = /[\p{White_Space}\u2800]/gu;

/**
 * Makes a message fit for display: composed (NFC), without invisible or reordering characters, at most five combining marks on a letter,
 * and at most two empty lines in a row. Line breaks (as `\n`) and runs of spaces are kept; a tab becomes two spaces. May return an empty
 * string.
 */
export function displayableText(text: string): string {
  return text
    .normalize('NFC')
    .replace(LINE_BREAKS, '\n')
    .split('\n')
    .map((line) =>
      withoutUnseen(line.replaceAll('\t', '  ').replace(ODD_SPACE, ' '))
        .replace(PILED_MARKS, '$1')
        .replace(/^\p{M}+/u, '')
        .trimEnd(),
    )
    .join('\n')
    .replace(/\n{4,}/g, '\n\n\n')
    .replace(/^\n+|\n+$/g, '');
}

/** Whether the text is exactly one emoji, as people put on messages. */
export function isEmoji(text: string): boolean {
  emoji ??= new RegExp(ONE_EMOJI, 'v');
  return emoji.test(text);
}

/** A room's name: letters and digits of any script with their marks, `-` and `_`, 1 to 64 code points, composed (NFC). */
export const ROOM_ID = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}_-]{0,63}$/u;

/** The names of the rooms of direct calls. The server makes them, and a room with such a name exists only during its call. */
const CALL_ROOM_ID = /^call_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a room belongs to a direct call between two people. */
export function isCallRoom(roomId: string): boolean {
  return CALL_ROOM_ID.test(roomId);
}

/** Normalises a room name: the same result for every composition of its letters. Not necessarily a valid name. */
export function canonicalRoomId(text: string): string {
  return text.normalize('NFC');
}

/** Text from outside as it can be kept: PostgreSQL stores no NUL, and neither engine half of a surrogate pair. */
export function storable(text: string): string {
  return text.replaceAll('\0', '\ufffd').toWellFormed();
}

/** Letters and digits of other shapes or scripts, in lower case, after the Latin ones that look like them. */
const LOOKALIKES = [
  ...['aаα', 'bвβ', 'cсϲ', 'dԁ', 'eеёε', 'hһнη', 'iіιɩ1lӏ|', 'jјϳ', 'kкκ', 'mмμ', 'oоο0օ', 'pрρ', 'qԛ'],
  ...['sѕ5', 'tтτ', 'uυս', 'vνѵ', 'wԝω', 'xхχ', 'yуγү', 'zζ', '3з'],
];
const LOOKS = new Map(
  LOOKALIKES.flatMap((group) => [...group].map((character) => [character, group.charAt(0)])),
);

/**
 * What a name looks like: equal for names that differ only in case, in compatibility forms, in spaces and punctuation, or in letters of the
 * same shape, such as a Cyrillic “А” for a Latin “A”. For comparison only.
 */
export function nameLook(name: string): string {
  const folded = displayable(name).normalize('NFKC').toUpperCase().toLowerCase();
  const letters = folded.replace(/[^\p{L}\p{M}\p{N}\p{S}]/gu, '');
  const looks = Array.from(letters, (character) => LOOKS.get(character) ?? character).join('');
  return looks === '' ? folded : looks;
}
