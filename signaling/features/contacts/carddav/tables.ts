export interface AddressBookRow {
  account_id: string;
  /** The URL of the address book on its server. */
  url: string;
  username: string;
  /** Encrypted, base64. */
  password: string;
  /** The server's version of the address book when it was last read; null: not known. */
  version: string | null;
  /** The account's revision up to which its changes have been sent. */
  sent_rev: number;
  synced_at_ms: number | null;
  /** The code of the last failure, and how many there were in a row. */
  error: string | null;
  failures: number;
}

export interface AddressBookCardRow {
  account_id: string;
  /** The path of the card on its server. */
  href: string;
  contact_id: string;
  etag: string;
  /** The contact's revision that the card has. */
  rev: number;
}

declare module '../../../store/tables.ts' {
  interface Tables {
    /** Address books on other servers (CardDAV), at most one for an account. */
    address_books: AddressBookRow;
    address_book_cards: AddressBookCardRow;
  }
}
