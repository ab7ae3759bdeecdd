/** The user's address book on another server (CardDAV). */
export const addressBook = {
  title: 'Synchronise contacts',
  intro:
    'Canopy keeps your contacts and an address book on a CardDAV server (Nextcloud, iCloud, Fastmail and others) the same.',
  url: 'URL of the server or address book',
  urlExample: 'https://dav.example.com',
  userName: 'User name',
  password: 'Password',
  passwordHint: 'Use an app password if your provider has these. It is stored encrypted.',
  connect: 'Connect',
  loading: 'Loading…',
  waiting: 'Not synchronised yet',
  synchronising: 'Synchronising…',
  synchronised: (when: string) => `Synchronised ${when}`,
  failed: 'The last attempt failed. Canopy tries again.',
  now: 'Synchronise now',
  disconnect: 'Disconnect',
  disconnectHint: 'Contacts stay here and in the address book.',
};
