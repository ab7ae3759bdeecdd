import { addressMark } from '../../kernel/index.ts';
import type { RoomLinkRow } from './tables.ts';

/** How somebody comes to a room: by a link, or by its address alone, which `link_id` tells (see addressMark()). */
export type Way = Pick<RoomLinkRow, 'link_id' | 'max_people'>;

/** The way of someone who opened a room's address without an account. */
export function byAddressOf(roomId: string): Way {
  return { link_id: addressMark(roomId), max_people: null };
}
