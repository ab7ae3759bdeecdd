import { randomInt } from 'node:crypto';
import { canonicalRoomId, ROOM_ID } from '../../../contract/index.ts';

/** Letters and digits without those that look alike. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';
/** Three groups, so that they can be read out: 55 bits. */
const GROUPS = [4, 4, 3];
/** Maximum code points taken from the title. */
const MAX_SLUG_LENGTH = 40;

/** A new room's name: readable, from its title, with an ending that cannot be guessed. */
export function newRoomName(title?: string | null): string {
  const ending = GROUPS.map((length) =>
    Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join(''),
  ).join('-');
  const name = `${slug(title ?? '')}-${ending}`;
  return ROOM_ID.test(name) ? name : ending;
}

/** The title's letters and digits, in lower case, with hyphens between the words. */
function slug(title: string): string {
  const letters = canonicalRoomId(title)
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, '-')
    .replace(/^[-\p{M}]+/u, '');
  return [...letters].slice(0, MAX_SLUG_LENGTH).join('').replace(/-+$/, '');
}
