/** The account's address book on another server, with which its contacts are synchronised (CardDAV). */
import { z } from 'zod';
import { cleanText, displayableText, nothing } from '../../../../contract/index.ts';

const addressBook = z.object({
  /** Absent: the account has none. */
  book: z
    .object({
      url: z.string(),
      username: z.string(),
      /** `failed`: it is tried again, less and less often. */
      state: z.enum(['waiting', 'synchronising', 'synchronised', 'failed']),
      /** When it last succeeded, Unix time in milliseconds. */
      synchronisedAtMs: z.number().optional(),
      /** The code of the last failure. */
      error: z.string().optional(),
    })
    .optional(),
});

export const ADDRESS_BOOK_REQUESTS = {
  /** The account's address book. For members and admins. */
  'addressBook.get': { data: nothing, result: addressBook },
  /**
   * Connects the account with an address book, in place of the one it has, and synchronises from now on: contacts of both sides are then on
   * both. Finds the address book by the URL of the server, too. Answers once the server has accepted the password.
   */
  'addressBook.connect': {
    data: z.object({
      url: cleanText(1000, displayableText).regex(/^https?:\/\/\S+$/),
      username: cleanText(200, displayableText).min(1),
      /** Stored encrypted; nobody can read it back. */
      password: z.string().min(1).max(500),
    }),
    result: addressBook,
  },
  /** Synchronises soon. Changes here are sent, and the address book is read, by themselves; this is for impatient people. */
  'addressBook.synchronise': { data: nothing, result: addressBook },
  /** Forgets the address book. Contacts stay on both sides. */
  'addressBook.disconnect': { data: nothing, result: nothing },
} as const;

export const ADDRESS_BOOK_EVENTS = {
  /** The state of the address book has changed. */
  'addressBook.changed': addressBook,
} as const;

export type AddressBookState = z.infer<typeof addressBook>;

type AddressBookRequests = typeof ADDRESS_BOOK_REQUESTS;
type AddressBookEvents = typeof ADDRESS_BOOK_EVENTS;
declare module '../../../../contract/wire.ts' {
  interface Requests extends AddressBookRequests {}
  interface Events extends AddressBookEvents {}
}
