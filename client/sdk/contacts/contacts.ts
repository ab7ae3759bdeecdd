import type { RequestInput, RequestResult } from '../../../contract/index.ts';
import { CanopyError } from '../../../contract/light.ts';
import type { Connection } from '../connection.ts';
import { Emitter } from '../emitter.ts';
import type { Identity } from '../identity/index.ts';
import { verificationCode } from './verification-code.ts';
import { VerifiedMarks } from './verified-marks.ts';

type StoredContact = RequestResult<'contact.find'>['contacts'][number];

/** An account that belongs to a contact. */
export interface ContactAccount {
  /** 64 hex digits. */
  accountId: string;
  /** When it was added, Unix time in milliseconds. */
  sinceMs: number;
  /**
   * When the user compared verification codes with this person, on any of the user's devices. Unix time in milliseconds. Checked by this
   * device: the server cannot make it up, only withhold it.
   */
  verifiedAtMs?: number | undefined;
}

/** A person whom the user knows. */
export interface Contact {
  /** Chosen by whoever adds the contact: 8 to 64 letters, digits, `-` or `_`. */
  contactId: string;
  /** 1 to 64 characters. */
  name: string;
  favourite: boolean;
  /** At most 10. */
  accounts: ContactAccount[];
  /** At most 20, each with an optional label such as “work”. */
  phones: Array<{ number: string; label?: string | undefined }>;
  /** At most 20. */
  emails: Array<{ address: string; label?: string | undefined }>;
  /** At most 2,000 characters. */
  note: string;
  /** Lines of the vCard from which the contact was read; only where it says so. */
  vcard?: string[] | undefined;
  /** Grows with every change of the user's contacts. */
  rev: number;
  /** Unix time in milliseconds. */
  changedAtMs: number;
}

/** A contact to be written. Only `name` is required; omitting `contactId` makes a new contact, omitting `vcard` keeps that of an existing one. */
export interface NewContact extends Partial<Omit<Contact, 'accounts' | 'rev' | 'changedAtMs'>> {
  name: string;
  accounts?: Array<Pick<ContactAccount, 'accountId'> & Partial<ContactAccount>>;
  /** Writes only if the contact still has this revision; 0: only if it does not exist. */
  ifRev?: number | undefined;
}

export interface ContactPage {
  contacts: Contact[];
  /** For the next page: pass it as `after`. Absent: there are no more. */
  next?: string | undefined;
}

export interface ContactsEvents {
  /** Contacts changed on this device or another one of the account. Without ids: any may have changed while the connection was lost. */
  changed: [contactIds?: string[]];
}

/** Maximum number of contacts, and of characters, in one request. */
const MAX_PUT = 50;
const MAX_PUT_LENGTH = 60_000;
const MAX_PAGE = 100;
/** How long to wait after RATE_LIMITED, in milliseconds. */
const WAIT_MS = 1000;

/**
 * The contacts of the signed-in account, the same on all of its devices: see Client.contacts. Guests and bridges have none: every request
 * is refused with FORBIDDEN.
 */
export class Contacts extends Emitter<ContactsEvents> {
  readonly #connection: Connection;
  readonly #identity: Identity;
  readonly #ownAccountId: string;
  readonly #marks: VerifiedMarks;
  /** Since when the connection is lost. */
  #isLost = false;

  /** @internal */
  constructor(connection: Connection, identity: Identity, ownAccountId: string) {
    super();
    this.#connection = connection;
    this.#identity = identity;
    this.#ownAccountId = ownAccountId;
    this.#marks = new VerifiedMarks(identity, ownAccountId);
    connection.on('contact.changed', ({ contactIds }) => this.emit('changed', contactIds));
    connection.on('state', (state) => {
      if (state === 'connected' && this.#isLost) {
        this.emit('changed');
      }
      this.#isLost = state !== 'connected';
    });
  }

  /** Favourites first, then by name. `search`: beginnings of words, or digits of a number. `full`: with `vcard`. */
  async list(page: RequestInput<'contact.list'> = {}): Promise<ContactPage> {
    const { contacts, next } = await this.#connection.request('contact.list', page);
    return { contacts: await this.#read(contacts), next };
  }

  /** Contacts who have one of these accounts, or whose names look like one of these (see nameLook). */
  async find(asked: { accountIds?: string[]; names?: string[] }): Promise<Contact[]> {
    return this.#read((await this.#connection.request('contact.find', asked)).contacts);
  }

  /** The contact with this account; the first one by name if there are several. */
  async byAccount(accountId: string): Promise<Contact | undefined> {
    return (await this.find({ accountIds: [accountId] }))[0];
  }

  /**
   * Creates or replaces a contact.
   *
   * @throws {CanopyError} CONTACT_CHANGED - it does not have the revision `ifRev`; LIMIT_REACHED, RATE_LIMITED
   */
  async put(contact: NewContact): Promise<Contact> {
    const contacts = [await this.#toStore(contact)];
    const result = await this.#connection.request('contact.put', { contacts });
    return (await this.#read(result.contacts))[0] as Contact;
  }

  /**
   * Creates or replaces many contacts, 50 at a time; each 50 are written together or not at all. Waits where the server would have it slower.
   *
   * @param onProgress called with the number written so far
   * @throws {CanopyError} CONTACT_CHANGED, LIMIT_REACHED - those written before stay
   */
  async putAll(contacts: readonly NewContact[], onProgress?: (written: number) => void): Promise<Contact[]> {
    const stored: Contact[] = [];
    for (const batch of batchesOf(contacts)) {
      const data = await Promise.all(batch.map((contact) => this.#toStore(contact)));
      const result = await patiently(() => this.#connection.request('contact.put', { contacts: data }));
      stored.push(...(await this.#read(result.contacts)));
      onProgress?.(stored.length);
    }
    return stored;
  }

  /** Deletes a contact. Resolves to it as it was, with `vcard`, for put(); undefined: there was none. */
  async delete(contactId: string): Promise<Contact | undefined> {
    const { contact } = await this.#connection.request('contact.delete', { contactId });
    return contact && (await this.#read([contact]))[0];
  }

  /** All contacts, in the order of the list. `full` (default): with `vcard`. Waits where the server would have it slower. */
  async all({ full = true }: { full?: boolean } = {}): Promise<Contact[]> {
    const all: Contact[] = [];
    let after: string | undefined;
    do {
      const page = { limit: MAX_PAGE, full, ...(after && { after }) };
      const { contacts, next } = await patiently(() => this.list(page));
      all.push(...contacts);
      after = next;
    } while (after);
    return all;
  }

  /** The certified name of an account on this server. @throws {CanopyError} IDENTITY_UNKNOWN, RATE_LIMITED */
  async lookUp(accountId: string): Promise<string> {
    return (await this.#connection.request('contact.lookUp', { accountId })).displayName;
  }

  /**
   * The code to compare with the holder of another account: 12 groups of 5 digits.
   *
   * @throws {CanopyError} SERVER_UNVERIFIED - the server signed this device in to an account that is not its own
   */
  async verificationCode(accountId: string): Promise<string[]> {
    if (!(await this.#identity.belongsTo(this.#ownAccountId))) {
      throw new CanopyError('SERVER_UNVERIFIED', 'the account is not the one in the certificate');
    }
    return verificationCode(this.#ownAccountId, accountId);
  }

  /** Records that the user compared codes with this contact's account and they match; or that this is no longer so. */
  async setVerified(contact: Contact, accountId: string, isVerified: boolean): Promise<Contact> {
    const accounts = contact.accounts.map((account) =>
      account.accountId === accountId
        ? { ...account, verifiedAtMs: isVerified ? Date.now() : undefined }
        : account,
    );
    return this.put({ ...contact, vcard: undefined, accounts, ifRev: contact.rev });
  }

  async #toStore({
    contactId = crypto.randomUUID(),
    accounts = [],
    vcard,
    ifRev,
    ...rest
  }: NewContact): Promise<RequestInput<'contact.put'>['contacts'][number]> {
    const { name, favourite, phones, emails, note } = rest;
    return {
      contactId,
      name,
      ...(favourite !== undefined && { favourite }),
      ...(phones && { phones }),
      ...(emails && { emails }),
      ...(note !== undefined && { note }),
      ...(vcard && { vcard }),
      ...(ifRev !== undefined && { ifRev }),
      accounts: await Promise.all(
        accounts.map(async ({ accountId, sinceMs = Date.now(), verifiedAtMs }) => ({
          accountId,
          sinceMs,
          // The mark includes the contact's name, so a new name needs a new signature.
          ...(verifiedAtMs !== undefined && {
            verified: await this.#marks.sign({ accountId, name }, verifiedAtMs),
          }),
        })),
      ),
    };
  }

  #read(contacts: readonly StoredContact[]): Promise<Contact[]> {
    return Promise.all(
      contacts.map(
        async ({ accounts = [], favourite = false, phones = [], emails = [], note = '', ...rest }) => ({
          ...rest,
          favourite,
          phones,
          emails,
          note,
          accounts: await Promise.all(
            accounts.map(async ({ accountId, sinceMs, verified }) => ({
              accountId,
              sinceMs,
              ...(verified &&
                (await this.#marks.isGenuine({ accountId, name: rest.name }, verified)) && {
                  verifiedAtMs: verified.timeMs,
                }),
            })),
          ),
        }),
      ),
    );
  }
}

/** Splits contacts into requests that the server accepts. */
function* batchesOf(contacts: readonly NewContact[]): Generator<NewContact[]> {
  let batch: NewContact[] = [];
  let length = 0;
  for (const contact of contacts) {
    const added = JSON.stringify(contact).length;
    if (batch.length === MAX_PUT || (batch.length > 0 && length + added > MAX_PUT_LENGTH)) {
      yield batch;
      batch = [];
      length = 0;
    }
    batch.push(contact);
    length += added;
  }
  if (batch.length > 0) {
    yield batch;
  }
}

/** Repeats a request until the server’s limit per account lets it through. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (CanopyError.from(error).code !== 'RATE_LIMITED') {
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    }
  }
}
