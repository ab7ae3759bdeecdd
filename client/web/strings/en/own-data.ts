/** What a person can do with what the server keeps of them. */
export const ownData = {
  heading: 'Your data',
  download: 'Download my data',
  downloadHint: 'A ZIP file with your account, your rooms, and the messages and files that you sent.',
  delete: 'Delete my account',
  deleteHint:
    'Deletes your account, the messages and files that you sent, and your rooms. Rooms that have another owner pass to that owner. This cannot be undone, and this identity can never be used here again.',
  confirm: (name: string) => `Enter your name (${name}) to confirm`,
  deleteNow: 'Delete for good',
  deleted: 'Your account was deleted.',
  room: 'Download everything in this room',
  roomHint: 'A ZIP file with the settings, the chat and its files.',
};
