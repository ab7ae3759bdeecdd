/** One property of a vCard (RFC 6350 §3.3). */
export interface ContentLine {
  group: string | undefined;
  /** In upper case. */
  name: string;
  /** Names in upper case. vCard 2.1 has values without names, here with the name ''. */
  params: Array<{ name: string; values: string[] }>;
  /** As it is written. */
  value: string;
}

const HEAD = /^(?:([A-Za-z0-9-]+)\.)?([A-Za-z0-9-]+)(?=[;:])/;
/** A parameter, with or without a name; values are quoted or not. */
const PARAM = /;(?:([A-Za-z0-9-]+)[ \t]*=)?((?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)/y;
const PARAM_VALUE = /"([^"]*)"|([^",]+)/g;

/** Parses an unfolded line; undefined if it is none. */
export function parseLine(text: string): ContentLine | undefined {
  const head = HEAD.exec(text);
  if (!head) {
    return undefined;
  }
  const params: ContentLine['params'] = [];
  let at = head[0].length;
  while (text[at] === ';') {
    PARAM.lastIndex = at;
    const found = PARAM.exec(text);
    if (!found) {
      return undefined;
    }
    const values = [...(found[2] ?? '').matchAll(PARAM_VALUE)].map(([, quoted, plain]) =>
      decodeCarets(quoted ?? plain ?? ''),
    );
    params.push({ name: (found[1] ?? '').toUpperCase(), values });
    at = PARAM.lastIndex;
  }
  return text[at] === ':'
    ? { group: head[1], name: (head[2] ?? '').toUpperCase(), params, value: text.slice(at + 1) }
    : undefined;
}

export function formatLine({ group, name, params, value }: ContentLine): string {
  const shown = params.map((param) => `;${param.name}=${param.values.map(formatParamValue).join(',')}`);
  return `${group === undefined ? '' : `${group}.`}${name}${shown.join('')}:${value}`;
}

/** The values of all parameters of this name, also where one is a list in quotes. */
export function paramValues({ params }: ContentLine, name: string): string[] {
  return params
    .filter((param) => param.name === name)
    .flatMap(({ values }) => values)
    .flatMap((value) => value.split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '');
}

/** Text as a property's value (RFC 6350 §3.4). */
export function escapeText(text: string): string {
  return text.replace(/[\\,;]/g, '\\$&').replace(/\r\n?|\n/g, '\\n');
}

export function unescapeText(value: string): string {
  return value.replace(/\\([\s\S])/g, (_, character: string) => (/[nN]/.test(character) ? '\n' : character));
}

/** The components of a structured value, such as a name. */
export function components(value: string): string[] {
  return (value.match(/(?:\\[\s\S]|[^\\;])*(?:;|\\?$)/g) ?? []).map((part) =>
    unescapeText(part.replace(/;$/, '')).trim(),
  );
}

/** RFC 6868. */
function decodeCarets(text: string): string {
  return text.replace(/\^([n'^])/g, (_, code: string) => (code === 'n' ? '\n' : code === "'" ? '"' : '^'));
}

function formatParamValue(value: string): string {
  const encoded = value
    .replace(/\^/g, '^^')
    .replace(/\r\n?|\n/g, '^n')
    .replace(/"/g, "^'");
  return /^[A-Za-z0-9-]+$/.test(encoded) ? encoded : `"${encoded}"`;
}

/** Maximum length of a line in a file, in bytes (RFC 6350 §3.2). */
const MAX_LINE_BYTES = 75;

/** Folds a line, between characters. */
export function fold(line: string): string {
  let folded = '';
  let bytes = 0;
  for (const character of line) {
    const size = sizeOf(character);
    if (bytes + size > MAX_LINE_BYTES) {
      folded += '\r\n ';
      bytes = 1;
    }
    folded += character;
    bytes += size;
  }
  return folded;
}

/** Bytes of a character in UTF-8. */
function sizeOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}
