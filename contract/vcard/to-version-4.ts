import { type ContentLine, escapeText, formatLine, paramValues } from './content-line.ts';
import { decodeText } from './decode-text.ts';

/** Media of these properties' inline values. */
const MEDIA: Readonly<Record<string, string>> = { PHOTO: 'image', LOGO: 'image', SOUND: 'audio' };
/** Values that vCard 2.1 writes without the name ENCODING. */
const ENCODINGS = /^(?:quoted-printable|base64|b|7bit|8bit)$/i;

/** Whether a line continues on the next one although that is not indented (vCard 2.1). */
export function endsSoftly(line: string): boolean {
  return line.endsWith('=') && /^[^:]*quoted-printable[^:]*:/i.test(line);
}

/** A line of vCard 2.1 or 3.0, as version 4.0 writes it; the line itself if it needs no change. */
export function toVersion4(line: ContentLine, text: string): string {
  const named = line.params.map(({ name, values }) => ({
    name: name || (values.some((value) => ENCODINGS.test(value)) ? 'ENCODING' : 'TYPE'),
    values,
  }));
  const [encoding = ''] = paramValues({ ...line, params: named }, 'ENCODING');
  const [charset] = paramValues(line, 'CHARSET');
  const isUnchanged = named.every(({ name }, index) => name === line.params[index]?.name);
  if (isUnchanged && encoding === '' && charset === undefined) {
    return text;
  }
  const params = named.filter(({ name }) => name !== 'ENCODING' && name !== 'CHARSET');
  if (/^quoted-printable$/i.test(encoding)) {
    return formatLine({
      ...line,
      params,
      value: lineBreaksEscaped(fromQuotedPrintable(line.value, charset)),
    });
  }
  if (/^(?:b|base64)$/i.test(encoding)) {
    const isMedia = (name: string) => name === 'TYPE' || name === 'VALUE';
    return formatLine({
      ...line,
      params: params.filter(({ name }) => !isMedia(name)),
      value: `data:${mediaTypeOf(line, named)};base64,${line.value.replace(/\s/g, '')}`,
    });
  }
  return formatLine({ ...line, params });
}

function mediaTypeOf(line: ContentLine, params: ContentLine['params']): string {
  const [type = ''] = paramValues({ ...line, params }, 'TYPE');
  const media = MEDIA[line.name];
  return media !== undefined && /^[A-Za-z0-9.+-]+$/.test(type)
    ? `${media}/${type.toLowerCase()}`
    : 'application/octet-stream';
}

function fromQuotedPrintable(value: string, charset: string | undefined): string {
  const bytes: number[] = [];
  const plain = new TextEncoder();
  for (const [part, hex] of value.matchAll(/=([0-9A-Fa-f]{2})|[\s\S]/gu)) {
    bytes.push(...(hex === undefined ? plain.encode(part) : [Number.parseInt(hex, 16)]));
  }
  return decodeText(Uint8Array.from(bytes), charset);
}

/** Version 2.1 escapes nothing but semicolons, and writes line breaks as they are. */
function lineBreaksEscaped(value: string): string {
  return value
    .split(/\r\n?|\n/)
    .map((line) => line.replace(/\\(?!;)/g, (slash) => escapeText(slash)).replaceAll(',', '\\,'))
    .join('\\n');
}
