import { emailOf, fieldsOf, phoneOf } from './card-fields.ts';
import { type ContentLine, escapeText, fold, formatLine, parseLine } from './content-line.ts';
import { ACCOUNT_PROPERTY, type CardContact, FAVOURITE_PROPERTY, OWN_UID } from './read-cards.ts';

/** Writes contacts as vCards of version 4.0 (RFC 6350). Lines that were read from a vCard stay as they were, unless their field has changed. */
export function writeCards(contacts: readonly CardContact[]): string {
  return contacts
    .flatMap((contact) => ['BEGIN:VCARD', 'VERSION:4.0', ...linesOf(contact), 'END:VCARD'])
    .map((line) => `${fold(line)}\r\n`)
    .join('');
}

function linesOf({ contactId, vcard = [], accounts, favourite, ...fields }: CardContact): string[] {
  const before = fieldsOf(vcard);
  const isRenamed = before.name !== fields.name;
  const isNoteChanged = before.note !== fields.note;
  const phones = new Matching(before.phones, fields.phones);
  const emails = new Matching(before.emails, fields.emails);
  const kept = vcard.filter((text) => {
    const line = parseLine(text);
    switch (line?.name) {
      case 'FN':
      case 'N':
        return !isRenamed;
      case 'NOTE':
        return !isNoteChanged;
      case 'TEL':
        return phones.keeps(phoneOf(line));
      case 'EMAIL':
        return emails.keeps(emailOf(line));
      default:
        return true;
    }
  });
  const hasUid = vcard.some((text) => parseLine(text)?.name === 'UID');
  return [
    ...(isRenamed ? [`FN:${escapeText(fields.name)}`] : []),
    ...kept,
    ...phones.added.map(({ number, label }) => wayLine('TEL', number, label)),
    ...emails.added.map(({ address, label }) => wayLine('EMAIL', address, label)),
    ...(isNoteChanged && fields.note !== '' ? [`NOTE:${escapeText(fields.note)}`] : []),
    ...accounts.map(({ accountId }) => `${ACCOUNT_PROPERTY}:${accountId}`),
    ...(favourite ? [`${FAVOURITE_PROPERTY}:1`] : []),
    ...(hasUid ? [] : [`UID:${OWN_UID}${contactId}`]),
  ];
}

/** Which lines of a card still belong to the contact, and what needs new ones. */
class Matching<T extends object> {
  /** Without a line so far. */
  readonly added: T[];
  /** What lines were read as, unless it was too much to show. */
  readonly #shown: string[];

  constructor(before: readonly T[], now: readonly T[]) {
    this.added = [...now];
    this.#shown = before.map(keyOf);
  }

  keeps(way: T | undefined): boolean {
    const shown = way === undefined ? -1 : this.#shown.indexOf(keyOf(way));
    if (way === undefined || shown === -1) {
      // The user never saw it, so they did not remove it.
      return true;
    }
    this.#shown.splice(shown, 1);
    const found = this.added.findIndex((each) => keyOf(each) === keyOf(way));
    if (found === -1) {
      return false;
    }
    this.added.splice(found, 1);
    return true;
  }
}

function keyOf(way: object): string {
  const { number, address, label } = way as { number?: string; address?: string; label?: string };
  return JSON.stringify([number ?? address, label ?? '']);
}

function wayLine(name: string, value: string, label: string | undefined): string {
  const params: ContentLine['params'] = label ? [{ name: 'TYPE', values: [label] }] : [];
  return formatLine({ group: undefined, name, params, value: escapeText(value) });
}
