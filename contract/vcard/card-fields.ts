import { displayable, displayableText } from '../names.ts';
import { type ContentLine, components, paramValues, parseLine, unescapeText } from './content-line.ts';

/** The properties of a vCard that the page shows and edits. */
export interface CardFields {
  /** Empty: there is none. */
  name: string;
  phones: Array<{ number: string; label?: string | undefined }>;
  emails: Array<{ address: string; label?: string | undefined }>;
  note: string;
}

const MAX_WAYS = 20;
const MAX_NUMBER = 64;
const MAX_ADDRESS = 254;
const MAX_LABEL = 32;
const MAX_NOTE = 2000;
/** Types that say nothing about the number or the address. */
const NO_LABEL = /^(?:pref|internet|x-.*)$/i;

/** Reads the fields from the lines of a card. The same lines always give the same fields. */
export function fieldsOf(texts: readonly string[]): CardFields {
  const lines = texts.flatMap((text) => parseLine(text) ?? []);
  const named = (name: string) => lines.filter((line) => line.name === name);
  const notes = named('NOTE').map(({ value }) => unescapeText(value));
  return {
    name: nameOf(named),
    phones: named('TEL')
      .flatMap((line) => phoneOf(line) ?? [])
      .slice(0, MAX_WAYS),
    emails: named('EMAIL')
      .flatMap((line) => emailOf(line) ?? [])
      .slice(0, MAX_WAYS),
    note: displayableText(displayableText(notes.join('\n\n')).slice(0, MAX_NOTE).toWellFormed()),
  };
}

/** The number of a TEL property; undefined if it has none that can be shown. */
export function phoneOf(line: ContentLine): CardFields['phones'][number] | undefined {
  const number = displayable(unescapeText(line.value).replace(/^tel:/i, ''));
  return number === '' || number.length > MAX_NUMBER ? undefined : { number, ...labelOf(line) };
}

/** The address of an EMAIL property; undefined if it has none that can be shown. */
export function emailOf(line: ContentLine): CardFields['emails'][number] | undefined {
  const address = displayableText(
    unescapeText(line.value)
      .replace(/^mailto:/i, '')
      .trim(),
  );
  return /^\S+$/.test(address) && address.length <= MAX_ADDRESS ? { address, ...labelOf(line) } : undefined;
}

function labelOf(line: ContentLine): { label?: string } {
  const types = paramValues(line, 'TYPE').filter((type) => !NO_LABEL.test(type));
  // “Voice” is said of every number.
  const [type = types[0]] = types.filter((each) => !/^voice$/i.test(each));
  const label = displayable(type ?? '').toLowerCase();
  return label === '' || label.length > MAX_LABEL ? {} : { label };
}

function nameOf(named: (name: string) => ContentLine[]): string {
  const [family = '', given = '', middle = ''] = components(named('N')[0]?.value ?? '');
  const [organisation = ''] = components(named('ORG')[0]?.value ?? '');
  const first = (name: string) => unescapeText(named(name)[0]?.value ?? '');
  const names = [
    first('FN'),
    [given, middle, family].filter((part) => part !== '').join(' '),
    first('NICKNAME'),
    organisation,
    first('EMAIL'),
    first('TEL'),
  ];
  return names.map(displayable).find((name) => name !== '') ?? '';
}
