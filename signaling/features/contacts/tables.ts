export interface ContactRow {
  /** Whose contact it is. */
  account_id: string;
  contact_id: string;
  /** The account's revision when it last changed; unique per account. */
  rev: number;
  changed_at_ms: number;
  /** When it was deleted. Only this, `rev` and the ids are kept then, so that other programs learn of the deletion. */
  deleted_at_ms: number | null;
  /** 0: a favourite; 1: any other. Contacts are listed by rank, sort key and id. */
  rank: number;
  sort_key: string;
  /** Words and digits to search for, each after a space. */
  search: string;
  /** What it counts for, in bytes. */
  size: number;
  /** JSON: name, favourite, accounts, phones, emails and note. */
  data: string;
  /** JSON: lines of a vCard. */
  vcard: string;
}

/** By what contacts are found. */
export interface ContactKeyRow {
  account_id: string;
  /** `account` and an account's id, or `name` and a name's look. */
  key: string;
  contact_id: string;
}

declare module '../../store/tables.ts' {
  interface Tables {
    contacts: ContactRow;
    contact_keys: ContactKeyRow;
  }
}
