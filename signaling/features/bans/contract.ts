/** Bans: accounts that may not enter a room until a moderator lifts the ban. */
import { z } from 'zod';
import { displayName, nothing, sha256Hex } from '../../../contract/index.ts';
import { ban } from './rest.ts';

export const BAN_REQUESTS = {
  /**
   * Bans an account from the room that this peer is in, and removes it on all devices. The role that it was given in the room and the links
   * that it made to it go too. For owners and moderators. Only admins ban owners; admins themselves cannot be banned.
   */
  'ban.add': {
    data: z.object({
      accountId: sha256Hex,
      /** Nobody new can enter who enrolled with the same link. */
      link: z.boolean().default(false),
      /** What the list of bans shows if the account is not in the room any more: its certified name is not disclosed. */
      displayName: displayName.optional(),
    }),
    result: nothing,
  },
  /** Lifts a ban. Idempotent. For owners and moderators. */
  'ban.lift': { data: z.object({ accountId: sha256Hex }), result: nothing },
  /** The room's bans, latest first. For owners and moderators. */
  'ban.list': { data: nothing, result: z.object({ bans: z.array(ban) }) },
} as const;

export const BAN_EVENTS = {
  /** To those who may lift bans: `ban.list` has changed. */
  'ban.changed': z.object({}),
} as const;

type BanRequests = typeof BAN_REQUESTS;
type BanEvents = typeof BAN_EVENTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends BanRequests {}
  interface Events extends BanEvents {}
}
