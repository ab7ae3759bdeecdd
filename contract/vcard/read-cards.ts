import { type CardFields, fieldsOf } from './card-fields.ts';
import { escapeText, parseLine } from './content-line.ts';
import { endsSoftly, toVersion4 } from './to-version-4.ts';

/** Why a card cannot be read. */
export type CardFault = 'no-name' | 'nested' | 'unfinished' | 'too-many';

/** What a card says of a contact. */
export interface CardContact extends CardFields {
  contactId: string;
  favourite: boolean;
  accounts: Array<{ accountId: string }>;
  /** Its properties: unfolded lines without BEGIN, VERSION and END. */
  vcard?: string[] | undefined;
}

/** A card of a file: a contact, or why it is none. */
export interface ReadCard {
  /** Position of its first line in the file, from 1. */
  line: number;
  fault?: CardFault;
  contact?: CardContact;
  /** Names of properties that are too large, or not properties at all. */
  leftOut: string[];
}

/** More cards than an account may have contacts are not read. */
const MAX_CARDS = 10_000;
/** Maximum length of a line, and maximum size of all of a card, in bytes of JSON. */
const MAX_LINE = 49_152;
const MAX_CARD_BYTES = 56_000;
const MAX_LINES = 500;
const MAX_ACCOUNTS = 10;
/** How much of a line that is no property is shown. */
const MAX_SHOWN = 20;

/** Properties that write-card.ts makes of a contact's own fields. */
export const ACCOUNT_PROPERTY = 'X-CANOPY-ACCOUNT';
export const FAVOURITE_PROPERTY = 'X-CANOPY-FAVORITE';
export const OWN_UID = 'urn:canopy:contact:';

/** Reads all cards of a file, of version 2.1, 3.0 or 4.0. Nothing in the file makes it fail: faults are those of single cards. */
export async function readCards(text: string): Promise<ReadCard[]> {
  const cards: ReadCard[] = [];
  for (const { line, lines, fault } of cardsIn(text)) {
    cards.push(fault ? { line, fault, leftOut: [] } : await readCard(line, lines));
  }
  return cards;
}

interface RawCard {
  line: number;
  /** Unfolded, without BEGIN and END. */
  lines: string[];
  fault?: CardFault;
}

function* cardsIn(text: string): Generator<RawCard> {
  let card: RawCard | undefined;
  let depth = 0;
  let count = 0;
  for (const { line, text: unfolded } of unfold(text)) {
    if (/^BEGIN[ \t]*:[ \t]*VCARD[ \t]*$/i.test(unfolded)) {
      depth += 1;
      if (card) {
        card.fault = 'nested';
      } else if (count === MAX_CARDS) {
        yield { line, lines: [], fault: 'too-many' };
        return;
      } else {
        card = { line, lines: [] };
        count += 1;
      }
    } else if (card && /^END[ \t]*:[ \t]*VCARD[ \t]*$/i.test(unfolded)) {
      depth -= 1;
      if (depth === 0) {
        yield card;
        card = undefined;
      }
    } else if (card && unfolded.trim() !== '') {
      card.lines.push(unfolded);
    }
  }
  if (card) {
    yield { ...card, fault: card.fault ?? 'unfinished' };
  }
}

/** Joins folded lines (RFC 6350 §3.2), also those that end with `=` in quoted-printable. */
function* unfold(text: string): Generator<{ line: number; text: string }> {
  let parts: string[] = [];
  let began = 1;
  let line = 0;
  let isSoft = false;
  for (const [, written = ''] of text.matchAll(/([^\r\n]*)(?:\r\n?|\n|$)/g)) {
    line += 1;
    if (isSoft) {
      parts.push(written);
    } else if (/^[ \t]/.test(written) && parts.length > 0) {
      parts.push(written.slice(1));
    } else {
      if (parts.length > 0) {
        yield { line: began, text: parts.join('') };
      }
      parts = [written];
      began = line;
    }
    isSoft = endsSoftly(isSoft ? `${parts[0]}${written}` : written);
    if (isSoft) {
      parts.push((parts.pop() ?? '').slice(0, -1));
    }
  }
  if (parts.length > 0) {
    yield { line: began, text: parts.join('') };
  }
}

async function readCard(line: number, written: readonly string[]): Promise<ReadCard> {
  const version = written
    .find((text) => /^VERSION[ \t]*:/i.test(text))
    ?.split(':')[1]
    ?.trim();
  const leftOut: string[] = [];
  const lines: string[] = [];
  const accountIds = new Set<string>();
  let bytes = 0;
  let uid: string | undefined;
  let favourite = false;
  for (const text of written) {
    const parsed = text.length > MAX_LINE ? undefined : parseLine(text);
    if (!parsed) {
      leftOut.push(text.slice(0, MAX_SHOWN).split(/[;:]/, 1).join(''));
      continue;
    }
    const { name, value } = parsed;
    if (name === 'VERSION') {
      continue;
    }
    if (name === 'UID') {
      uid ??= value;
    }
    if (name === ACCOUNT_PROPERTY && /^[0-9a-f]{64}$/.test(value)) {
      accountIds.add(value);
      continue;
    }
    if (name === FAVOURITE_PROPERTY || (name === 'UID' && isOwn(value))) {
      favourite ||= name === FAVOURITE_PROPERTY;
      continue;
    }
    const kept = version === '4.0' ? text : toVersion4(parsed, text);
    const size = kept.length > MAX_LINE ? Number.POSITIVE_INFINITY : sizeOf(kept);
    if (bytes + size > MAX_CARD_BYTES || lines.length === MAX_LINES - 1) {
      leftOut.push(name);
      continue;
    }
    bytes += size;
    lines.push(kept);
  }
  const fields = fieldsOf(lines);
  if (fields.name === '') {
    return { line, fault: 'no-name', leftOut };
  }
  if (!lines.some((each) => parseLine(each)?.name === 'FN')) {
    lines.unshift(`FN:${escapeText(fields.name)}`);
  }
  const accounts = [...accountIds].slice(0, MAX_ACCOUNTS).map((accountId) => ({ accountId }));
  const contactId = await contactIdOf(uid ?? lines.join('\n'));
  return { line, leftOut, contact: { contactId, ...fields, favourite, accounts, vcard: lines } };
}

function isOwn(uid: string): boolean {
  return uid.startsWith(OWN_UID) && /^[A-Za-z0-9_-]{8,64}$/.test(uid.slice(OWN_UID.length));
}

/** The same card always becomes the same contact, so that importing a file twice makes no duplicates. */
async function contactIdOf(uid: string): Promise<string> {
  if (isOwn(uid)) {
    return uid.slice(OWN_UID.length);
  }
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(uid)));
  return `uid-${Array.from(hash.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

function sizeOf(text: string): number {
  return new TextEncoder().encode(JSON.stringify(text)).length + 1;
}
