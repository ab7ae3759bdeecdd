/** The user's address book on another server (CardDAV). */
export const addressBook = {
  open: 'Synchronise…',
};
