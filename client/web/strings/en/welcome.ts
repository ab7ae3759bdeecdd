/** Invitations, and the page of somebody who has no identity yet. */
export const welcome = {
  heading: 'Welcome to Canopy',
  noIdentity:
    'This browser has no account here yet. Ask someone who has one for an invitation link and open it in this browser: all you need is a name.',
  noIdentityRoom: (room: string) =>
    `You cannot enter ${room} yet: this browser has no account here. Ask someone who has one for the link to the room and open it in this browser: all you need is a name.`,
  noIdentityOpen:
    'This browser has no account here yet. Open the address of a room to ask to join it, or ask someone who has an account for an invitation link.',
  noIdentityStranger: (room: string) =>
    `Bring your account into this browser in one of these ways, or ask to join ${room} as a guest.`,
  askAsGuest: 'Ask to join as a guest',
  invited: 'You are invited',
  damaged: 'This invitation link is damaged',
  damagedAdvice:
    'Part of it is missing. Copy the whole link and open it again, or ask the sender for a new one. The invitation has not been used.',
  chooseName:
    'Choose the name that others will see. This device then gets its own certificate, so there is no password to remember.',
  yourName: 'Your name',
  continue: 'Continue',
  busy: 'Just a moment…',
  /** Followed by a name. */
  belongsTo: 'This browser already has the account of',
  continueAs: (name: string) => `Continue as ${name}`,
  someoneElse: 'I am someone else',
  haveBackup: 'I have a backup of my account',
  backupFile: 'Backup file',
  backupPassword: 'Backup password',
  restore: 'Link this device',
  haveCertificate: 'I have a certificate from my organisation',
  certificate: 'Certificate with its issuers and the root (PEM)',
  privateKey: 'Private key (PEM, PKCS#8, not encrypted)',
  keyStays: 'The key stays in this browser, where no page can read it, and is never sent anywhere.',
  useCertificate: 'Use this certificate',
};
