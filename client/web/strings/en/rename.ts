/** Changing names in a call. */
export const rename = {
  own: 'Change your name',
  other: (name: string) => `Rename ${name}`,
  change: 'Change',
  yourName: 'Your name in this call',
  name: 'Name in this call',
  verifiedToo: (name: string) => `Others will also see your verified name: ${name}`,
};
