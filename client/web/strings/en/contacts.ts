import { plural } from './forms.ts';

/** The people whom the user knows. */
export const contacts = {
  heading: 'People',
  search: 'Search by name, number or address',
  empty: 'Nobody here yet',
  emptyAdvice: 'Add people during a call, by their account ID, or from a file.',
  noMatch: 'No contact matches.',
  loadFailed: 'Your contacts could not be loaded.',
  add: 'Add',
  addTitle: 'Add a contact',
  editTitle: (name: string) => `Edit ${name}`,
  more: 'More about contacts',
  moreAbout: (name: string) => `More about ${name}`,
  /** An item in the menu of a contact. */
  callNumber: (number: string) => `Call ${number}`,
  edit: 'Edit…',
  delete: 'Delete',
  deleted: (name: string) => `${name} was deleted from your contacts`,
  undo: 'Undo',
  favourite: 'Add to favourites',
  unfavourite: 'Remove from favourites',
  isFavourite: 'Favourite',
  /** The form. */
  name: 'Name',
  accountId: 'Account ID',
  accountHint: '64 letters and digits. People find theirs on their home page, in the menu next to “People”.',
  accountUnknown: 'Nobody on this server has this account ID.',
  accountInvalid: 'An account ID has 64 letters (a to f) and digits.',
  accounts: 'Accounts',
  accountShort: (start: string) => `Account ${start}…`,
  removeAccount: (start: string) => `Remove account ${start}`,
  phones: 'Phone numbers',
  phone: 'Phone number',
  emails: 'Email addresses',
  email: 'Email address',
  label: 'Label',
  labelExample: 'e.g. work',
  addPhone: 'Add a number',
  addEmail: 'Add an address',
  remove: 'Remove',
  note: 'Note',
  save: 'Save',
  /** The user's own account ID. */
  myId: 'My account ID',
  copyId: 'Copy ID',
  myIdHint: 'Send it to people who want to add you to their contacts. Anyone may know it.',
  /** Files. */
  importFile: 'Import from a file…',
  exportAll: 'Export all',
  exported: (count: number) =>
    plural(count, { one: '1 contact was exported', other: `${count} contacts were exported` }),
  importing: (done: number, of: number) => `Importing… ${done} of ${of}`,
  reading: 'Reading the file…',
  imported: 'Import',
  importedCounts: (added: number, changed: number) =>
    `${plural(added, { one: '1 contact added', other: `${added} contacts added` })}, ${plural(changed, { one: '1 updated', other: `${changed} updated` })}.`,
  importEmpty: 'There are no contacts in this file. Choose a vCard file (.vcf).',
  importTooLarge: 'The file is too large: 64 MB at most.',
  notRead: 'Not imported:',
  faultAt: (line: number, fault: string) => `Card in line ${line}: ${fault}`,
  faults: {
    'no-name': 'it has no name.',
    nested: 'it contains another card.',
    unfinished: 'its end is missing.',
    'too-many': 'this card and those after it: the file has more than 10,000.',
  },
  leftOut: (name: string, properties: string) => `${name}, without: ${properties}`,
  leftOutHint: 'Left out because they are too large or unreadable:',
  moreFaults: (count: number) => `and ${count} more`,
  /** Verification. */
  verified: 'Verified',
  verifiedOn: (date: string) => `You compared codes on ${date}`,
  verify: 'Compare codes…',
  verifyTitle: (name: string) => `Is this really ${name}?`,
  verifyHow: (name: string) =>
    `${name} sees the same code under “Compare codes”. Read it to each other, over the phone or in person.`,
  verifyIn: 'They find it in your menu in the call, or, if you are in their contacts, in the list of people.',
  code: 'Verification code',
  qr: 'The same code, to scan with the other device’s camera',
  match: 'They match',
  differ: 'They don’t match',
  differWarning:
    'Then this may not be the person you think it is, or someone is intercepting the connection. Don’t share anything confidential, and ask your administrator.',
  unverify: 'Remove the mark',
  whichAccount: 'Which account?',
  /** In a call. */
  addToContacts: 'Add to contacts',
  added: (name: string) => `${name} was added to your contacts`,
  inContacts: 'In your contacts',
  inContactsAs: (name: string) => `${name} in your contacts`,
  impostor: (name: string) => `Not the ${name} you know`,
  impostorNotice: (shown: string, name: string) =>
    shown === name
      ? `“${shown}” in this call has a different account from ${name} in your contacts.`
      : `“${shown}” in this call has a different account from ${name} in your contacts, whose name looks the same.`,
};
