/** Single sign-on: bodies of its REST API. */
import { z } from 'zod';
import { displayName, invitationSecret } from './common.ts';

/** How people can sign on. */
export const signOnOffer = z.object({
  /** Name of the provider, for a button. */
  label: z.string(),
  /** The server's public address. Sign-on starts on a page at this origin, since the provider redirects to it. */
  origin: z.string(),
});

/** Where the page goes after the sign-on: one of its own addresses of a room or a room link. */
const destination = z
  .string()
  .max(300)
  .regex(/^#\/(?:room|join)\/[^\s/#?]+$/);

export const signOnRequest = z.object({ to: destination.optional() });

export const signOnStart = z.object({
  /** The provider's page, to which the browser goes now. */
  url: z.string(),
});

export const signedOnRequest = z.object({
  /** Whether to make a new account if the person already has one here: it replaces that one. */
  replace: z.boolean().default(false),
});

export const signedOnResponse = z.object({
  displayName,
  to: destination.optional(),
  /** The secret of a one-time invitation, with which this browser enrols within two minutes. */
  secret: invitationSecret.optional(),
  /** The account that the person already has here. Absent if they have none. */
  known: z
    .object({
      displayName: z.string(),
      /** Unix time in milliseconds; null: never. */
      lastSeenAtMs: z.number().nullable(),
    })
    .optional(),
});

export type SignOnOffer = z.infer<typeof signOnOffer>;
export type SignOnRequest = z.input<typeof signOnRequest>;
export type SignOnStart = z.infer<typeof signOnStart>;
export type SignedOnRequest = z.input<typeof signedOnRequest>;
export type SignedOnResponse = z.infer<typeof signedOnResponse>;
