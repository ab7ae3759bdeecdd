import { nameLook } from '../../../contract/index.ts';
import { queryWords, wordsOf } from '../../../contract/words/index.ts';
import type { Contact, NewContact } from './contract.ts';
import type { ContactRow } from './tables.ts';

/** What a contact counts for beside its text, in bytes. */
const OVERHEAD_BYTES = 300;
/** Maximum length of what is searched per contact, in UTF-16 code units: a search reads all of an account's. */
const MAX_SEARCH = 1000;

type Fields = Omit<NewContact, 'contactId' | 'vcard' | 'ifRev'>;

/** The columns that describe a contact. */
export function columnsOf(
  { name, favourite, accounts, phones, emails, note }: Fields,
  vcard: readonly string[],
): Pick<ContactRow, 'rank' | 'sort_key' | 'search' | 'size' | 'data' | 'vcard'> {
  const fields: Fields = { name, favourite, accounts, phones, emails, note };
  const columns = {
    rank: favourite ? 0 : 1,
    sort_key: sortKeyOf(name),
    search: searchedText(fields),
    data: JSON.stringify(fields),
    vcard: JSON.stringify(vcard),
  };
  const size = OVERHEAD_BYTES + Buffer.byteLength(columns.search + columns.data + columns.vcard);
  return { ...columns, size };
}

/** @param full whether with the lines of its vCard */
export function contactOf(row: Omit<ContactRow, 'vcard'> & { vcard?: string }, full: boolean): Contact {
  const lines: string[] = full && row.vcard !== undefined ? JSON.parse(row.vcard) : [];
  return {
    contactId: row.contact_id,
    ...(JSON.parse(row.data) as Fields),
    ...(lines.length > 0 && { vcard: lines }),
    rev: row.rev,
    changedAtMs: row.changed_at_ms,
  };
}

/** The keys by which a contact is found. */
export function keysOf({ name, accounts }: Pick<Fields, 'name' | 'accounts'>): string[] {
  return [...new Set([nameKey(name), ...accounts.map(({ accountId }) => accountKey(accountId))])];
}

export function nameKey(name: string): string {
  return `name ${nameLook(name)}`;
}

export function accountKey(accountId: string): string {
  return `account ${accountId}`;
}

/** What the searched text must contain, all of it. Without any, nothing matches. */
export function searchedParts(query: string): string[] {
  const digits = /\p{L}/u.test(query) ? '' : digitsOf(query);
  if (digits.length >= 3) {
    // A number in national form begins with zeros that the international form lacks.
    return [digits.replace(/^0+(?=\d)/, '')];
  }
  return queryWords(query).map((word) => ` ${word}`);
}

function searchedText({ name, phones, emails, note }: Fields): string {
  const texts = [name, ...emails.map(({ address }) => address), ...phones.map(({ number }) => number), note];
  const words = [...phones.map(({ number }) => digitsOf(number)), ...texts.flatMap(wordsOf)];
  return ` ${[...new Set(words)].join(' ')}`.slice(0, MAX_SEARCH).toWellFormed();
}

function digitsOf(text: string): string {
  return text.normalize('NFKC').replace(/\D/g, '');
}

/** Orders names without regard to case and accents. */
function sortKeyOf(name: string): string {
  return name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}
