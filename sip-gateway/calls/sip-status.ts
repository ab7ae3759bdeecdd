import { CanopyError } from '../../base/index.ts';

/** SIP status for reasons why a phone cannot enter a room. */
const STATUS: ReadonlyMap<string, number> = new Map([
  ['ROOM_FULL', 486],
  ['LIMIT_REACHED', 486],
  ['SERVER_BUSY', 503],
  ['FORBIDDEN', 403],
  ['ROOM_LOCKED', 403],
  ['ENCRYPTED_ROOM', 403],
  ['PIN_REQUIRED', 403],
  ['PERSON_UNKNOWN', 404],
  ['CALL_BARRED', 603],
  ['IN_ANOTHER_CALL', 486],
]);
const UNAVAILABLE = 503;

/** The SIP status that tells a phone of an error. */
export function sipStatusOf(error: unknown): number {
  return STATUS.get(CanopyError.from(error).code) ?? UNAVAILABLE;
}
