/** A person’s tile and the actions on it. */
export const tile = {
  actionsFor: (name: string) => `Actions for ${name}`,
  mute: 'Mute',
  unmute: 'Unmute',
  rename: 'Rename…',
  remove: 'Remove from call',
  hangUp: 'Hang up',
  confirm: 'Click again to confirm',
};
