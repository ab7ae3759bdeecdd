/** Room links: their shape on the socket and in the REST API. */
import { z } from 'zod';
import { base64url, objectId, roomId, sha256Hex } from './common.ts';
import { lobbyMode } from './rooms.ts';

const DAY_SECONDS = 86_400;

/** The secret in a room link. */
export const roomLinkSecret = base64url.max(64);
/** How long a room link is valid, in seconds: an hour to a year. Default four weeks. */
export const linkTtlSeconds = z
  .int()
  .min(3600)
  .max(366 * DAY_SECONDS)
  .default(28 * DAY_SECONDS);
/** How many guests whom a link let in may have a valid account at the same time; a guest's lasts a day. */
export const linkMaxPeople = z.int().min(1).max(10_000);

export const roomLink = z.object({
  linkId: objectId,
  roomId: z.string(),
  /** The link to open in a browser; null if the server's key for links was lost, in which case only those who have the link know it. */
  url: z.string().nullable(),
  /** Who made it; null: command line or API. */
  createdBy: z.object({ accountId: sha256Hex, displayName: z.string() }).nullable(),
  createdAtMs: z.number().describe('Unix time in milliseconds.'),
  expiresAtMs: z.number().describe('Unix time in milliseconds.'),
  maxPeople: z.number().nullable(),
  people: z.number().describe('How many guests whom it let in have a valid account.'),
});
export type RoomLink = z.infer<typeof roomLink>;

export const linkRequest = z.object({ ttlSeconds: linkTtlSeconds, maxPeople: linkMaxPeople.optional() });
export const linkRenewal = z.object({
  ttlSeconds: linkTtlSeconds,
  maxPeople: linkMaxPeople.nullable().optional().describe('Omitted: as before; null: no limit.'),
});
export const linkList = z.object({ links: z.array(roomLink), lobby: lobbyMode });
export type LinkList = z.infer<typeof linkList>;
export const linkParams = z.object({ linkId: objectId });

export const openedLinkRequest = z.object({ secret: roomLinkSecret });
/** What someone who has a room link may know about it before knocking. */
export const openedLink = z.object({
  roomId,
  title: z.string().nullable(),
  invitedBy: z.string().nullable().describe('Name of the person who made the link, if it was a person.'),
  lobby: z.boolean().describe('Whether newcomers wait to be admitted.'),
  isOpen: z.boolean().describe('Whether anyone is in the room.'),
  expiresAtMs: z.number().describe('Unix time in milliseconds.'),
});
export type OpenedLink = z.infer<typeof openedLink>;
