/** Keys for programs that send into a room or watch it, and these programs on the roster. */
export const streams = {
  what: 'A program with a key can send video and sound into this room (WHIP) or watch it (WHEP). Everyone sees that it is there.',
  purpose: 'What the program does',
  directions: { publish: 'Sends into the room.', watch: 'Watches the room.' },
  name: 'Its name in the room',
  names: { publish: 'Stream', watch: 'Screen' },
  create: 'Make a key',
  address: 'Server address',
  copyAddress: 'Copy address',
  key: 'Stream key (bearer token)',
  copyKey: 'Copy key',
  shownOnce: 'The key is shown only now. Give it to nobody else: whoever has it needs no invitation.',
  active: 'In use now.',
  revoke: 'Revoke',
  revokeKey: (name: string) => `Revoke the key “${name}”`,
};
