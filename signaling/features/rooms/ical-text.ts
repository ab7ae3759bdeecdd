/** Maximum length of a line, in octets (RFC 5545, section 3.1). */
const MAX_LINE_BYTES = 75;

/** Joins lines of iCalendar content, folding long ones between characters (RFC 5545, section 3.1). */
export function icalStream(lines: readonly string[]): string {
  return `${lines.map(folded).join('\r\n')}\r\n`;
}

/** Escapes text for a property's value (RFC 5545, section 3.3.11). Control characters, which are not permitted, become spaces. */
export function icalText(text: string): string {
  return (
    text
      .replace(/[\\;,]/g, '\\$&')
      .replace(/\r\n|\r|\n/g, '\\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
      .replace(/[\u0000-\u001f\u007f]/g, ' ')
  );
}

/** A Unix time in milliseconds as a UTC date-time (RFC 5545, section 3.3.5). */
export function icalTime(atMs: number): string {
  return `${icalLocalTime(atMs)}Z`;
}

/** Milliseconds of a wall clock, counted as if it showed UTC, as a local date-time. */
export function icalLocalTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/[-:]|\.\d+Z/g, '');
}

function folded(line: string): string {
  let result = '';
  let bytes = 0;
  for (const character of line) {
    const length = Buffer.byteLength(character);
    if (bytes + length > MAX_LINE_BYTES) {
      // The space that marks a continued line counts.
      result += '\r\n ';
      bytes = 1;
    }
    result += character;
    bytes += length;
  }
  return result;
}
