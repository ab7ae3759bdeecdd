import type { CardFault } from '../../../../contract/vcard/index.ts';
import type { Client, Contact, NewContact } from '../../../sdk/index.ts';
import { saveFile } from '../basics/save-file.ts';

/** Larger files are not read, in bytes. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** What an import did. */
export interface ImportReport {
  added: number;
  changed: number;
  /** Cards that were not read, and properties that were left out, by the line at which the card begins. */
  faults: Array<{ line: number; fault: CardFault } | { line: number; name: string; leftOut: string[] }>;
  /** The file has no cards, or is too large. */
  unusable?: 'empty' | 'too-large';
}

/**
 * Imports the cards of a vCard file. Contacts that were imported before are brought up to date, but keep their accounts, and their names if
 * they have any: a file must not say who an account belongs to.
 *
 * @throws {CanopyError} as Contacts.putAll()
 */
export async function importContacts(
  { contacts }: Client,
  file: Blob,
  onProgress?: (written: number, of: number) => void,
): Promise<ImportReport> {
  const report: ImportReport = { added: 0, changed: 0, faults: [] };
  if (file.size > MAX_FILE_BYTES) {
    return { ...report, unusable: 'too-large' };
  }
  const { decodeText, readCards } = await import('../../../../contract/vcard/index.ts');
  const cards = await readCards(decodeText(new Uint8Array(await file.arrayBuffer())));
  if (cards.length === 0) {
    return { ...report, unusable: 'empty' };
  }
  const known = new Map((await contacts.all({ full: false })).map((each) => [each.contactId, each]));
  const writes = new Map<string, NewContact>();
  for (const { line, fault, contact, leftOut } of cards) {
    if (fault) {
      report.faults.push({ line, fault });
    } else if (contact) {
      const { contactId } = contact;
      if (leftOut.length > 0) {
        report.faults.push({ line, name: contact.name, leftOut });
      }
      const before = known.get(contactId);
      if (!writes.has(contactId)) {
        report[before ? 'changed' : 'added'] += 1;
      }
      writes.set(contactId, before ? updated(before, contact) : contact);
    }
  }
  await contacts.putAll([...writes.values()], (written) => onProgress?.(written, writes.size));
  return report;
}

function updated(before: Contact, read: NewContact): NewContact {
  const { accounts, favourite, name } = before;
  return {
    ...read,
    accounts,
    favourite: favourite || read.favourite === true,
    ...(accounts.length > 0 && { name }),
  };
}

/** Offers all contacts as a vCard file to save. Returns their number. */
export async function exportContacts(client: Pick<Client, 'contacts'>): Promise<number> {
  const [{ writeCards }, contacts] = await Promise.all([
    import('../../../../contract/vcard/index.ts'),
    client.contacts.all(),
  ]);
  saveFile('contacts.vcf', writeCards(contacts), 'text/vcard;charset=utf-8');
  return contacts.length;
}
