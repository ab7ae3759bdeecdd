/** Contacts of an account: people with their accounts, numbers and addresses. */
import { z } from 'zod';
import {
  base64url,
  certificate,
  cleanText,
  displayable,
  displayableText,
  displayName,
  requestId,
  sha256Hex,
  signature,
  storable,
} from '../../../contract/index.ts';

/** Maximum numbers of contacts in one answer and in one request. */
const MAX_PAGE = 100;
const MAX_PUT = 50;
/** Maximum number of accounts, and of names, that one request asks for. */
const MAX_ASKED = 100;
const MAX_NOTE = 2000;
/** Maximum number of accounts, numbers and addresses of a contact. */
const MAX_ACCOUNTS = 10;
const MAX_WAYS = 20;
const MAX_LABEL = 32;
const MAX_LINES = 500;
const MAX_LINE = 49_152;

const contactId = requestId;
const timeMs = z.int().min(0);
const label = cleanText(MAX_LABEL, displayable);

/** An account that belongs to a contact. */
const contactAccount = z.object({
  accountId: sha256Hex,
  /** When it was added to the contact, Unix time in milliseconds. */
  sinceMs: timeMs,
  /** A device of the contact's owner states that it compared verification codes: see verifiedStatement(). The server does not check it. */
  verified: z
    .object({
      timeMs,
      /** The certificate of the device that signed the statement. */
      certificate,
      signature,
    })
    .optional(),
});

const shared = {
  /** Chosen by the client. */
  contactId,
  name: displayName,
  favourite: z.boolean().default(false),
  /** The accounts that this person is known by. */
  accounts: z.array(contactAccount).max(MAX_ACCOUNTS).default([]),
  phones: z
    .array(
      z.object({
        number: cleanText(64, displayable).min(1, 'no visible characters'),
        label: label.optional(),
      }),
    )
    .max(MAX_WAYS)
    .default([]),
  emails: z
    .array(
      z.object({
        address: cleanText(254, displayableText).regex(/^\S+$/),
        label: label.optional(),
      }),
    )
    .max(MAX_WAYS)
    .default([]),
  note: cleanText(MAX_NOTE, displayableText).default(''),
};
/**
 * Properties of the vCard that the contact was read from (RFC 6350), with their parameters: unfolded lines without BEGIN, VERSION and END.
 * The server does not interpret them.
 */
const vcard = z.array(cleanText(MAX_LINE, storable).regex(/^[^\r\n]+$/)).max(MAX_LINES);

export const newContact = z.object({
  ...shared,
  /** Omitted: stays as it is. */
  vcard: vcard.optional(),
  /** Writes only if the contact has this revision; 0: only if there is none. Otherwise CONTACT_CHANGED. */
  ifRev: z.int().min(0).optional(),
});

const contact = z.object({
  ...shared,
  /** Only if it was asked for, and if there is one. */
  vcard: vcard.optional(),
  /** The account's revision when the contact last changed. */
  rev: z.int(),
  /** Unix time in milliseconds. */
  changedAtMs: z.number(),
});
export type NewContact = z.output<typeof newContact>;
export type Contact = z.output<typeof contact>;

export const CONTACT_REQUESTS = {
  /** Lists the account's contacts: favourites first, then by name. */
  'contact.list': {
    data: z.object({
      /**
       * Words of the name, addresses, numbers or note, by their beginnings; or digits anywhere in a number. Of each contact, about the first
       * thousand characters are searched.
       */
      search: z.string().max(200).optional(),
      /** `next` of the page before. */
      after: base64url.max(1000).optional(),
      /** A page with much text has fewer. */
      limit: z.int().min(1).max(MAX_PAGE).default(50),
      /** Whether to return `vcard` too. */
      full: z.boolean().default(false),
    }),
    result: z.object({
      contacts: z.array(contact),
      /** Absent: there are no more. */
      next: base64url.optional(),
    }),
  },
  /**
   * Finds contacts who are known by these accounts, or whose names look like these: in other letters of the same shape, or in upper or lower
   * case. At most 100, without `vcard`.
   */
  'contact.find': {
    data: z.object({
      accountIds: z.array(sha256Hex).max(MAX_ASKED).default([]),
      names: z.array(displayName).max(MAX_ASKED).default([]),
    }),
    result: z.object({ contacts: z.array(contact) }),
  },
  /** Creates or replaces contacts, all of them or none. */
  'contact.put': {
    data: z.object({ contacts: z.array(newContact).min(1).max(MAX_PUT) }),
    /** In the same order, without `vcard`. */
    result: z.object({ contacts: z.array(contact) }),
  },
  /** Deletes a contact. Returns it as it was, with `vcard`, so that it can be put back; absent: there was none. */
  'contact.delete': {
    data: z.object({ contactId }),
    result: z.object({ contact: contact.optional() }),
  },
  /** The name of an account on this server, for adding it as a contact. */
  'contact.lookUp': {
    data: z.object({ accountId: sha256Hex }),
    result: z.object({ displayName }),
  },
} as const;

export const CONTACT_EVENTS = {
  /** Contacts were added, changed or deleted, by any device of the account. */
  'contact.changed': z.object({ contactIds: z.array(contactId) }),
} as const;

export { ADDRESS_BOOK_EVENTS, ADDRESS_BOOK_REQUESTS } from './carddav/contract.ts';

type ContactRequests = typeof CONTACT_REQUESTS;
type ContactEvents = typeof CONTACT_EVENTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends ContactRequests {}
  interface Events extends ContactEvents {}
}
