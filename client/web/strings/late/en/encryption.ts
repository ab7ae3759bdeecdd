/** End-to-end encryption of a call. */
export const encryption = {
  isTrue: 'End-to-end encrypted',
  withPhones: 'Encrypted, phones through the gateway',
  joining: 'Setting up encryption…',
  alarm: 'Encryption problem',
  title: 'End-to-end encryption',
  close: 'Close',
  code: 'Verification code',
  compare:
    'Everyone in the call sees the same code. Read it aloud: if somebody sees another one, do not trust this call.',
  members: (count: number) => `Devices that can decrypt: ${count}`,
  you: (name: string) => `${name} (you)`,
  gateway: 'Phone gateway',
  aboutGateway:
    'There are phones in this call. They cannot encrypt end to end, so the phone gateway on the server decrypts the call for them, and encrypts what they say.',
  noPhones:
    'Phones, recordings, captions and live streams are not possible in this call, because the server would need the keys.',
  isNew: 'The keys were set up again from the start during this call. Compare the code again.',
  newDevice: '(new device)',
  usesNewDevice: (name: string) => `${name} uses a new device that you have not seen before.`,
  byCertificate: 'These names come from certificates that this device has checked, not from the server.',
  learnsTitle: 'What the server still learns',
  learns:
    'Who is in the call and when, who speaks and how loudly, who writes, reacts or sends files, when, and roughly how much. Polls and raised hands are not end-to-end encrypted, so the server can read them.',
  chat: 'Messages and files are end-to-end encrypted. Whoever joins later cannot read earlier ones.',
  locked: (count: number) => `Earlier messages that this device cannot decrypt: ${count}.`,
  refused: (count: number) => `Messages that are hidden because they are not genuine: ${count}.`,
  polls: 'Polls are not end-to-end encrypted: the server can read them.',
  alarms: {
    failed: () => 'Encryption could not be set up on this device.',
    forged: () => 'The server or another device sent a forged message about the keys.',
    fork: (name = 'Somebody') =>
      `${name} has other keys: the server shows people different versions of this call.`,
    withheld: (name = 'Somebody') => `${name} has newer keys, which the server withholds from this device.`,
    replayed: () => 'The server repeated a message about the keys.',
    stranger: (name = 'Somebody') => `${name} can decrypt this call, but is not listed as present.`,
    outside: (name = 'Somebody') => `${name} is listed as present, but cannot decrypt this call.`,
    expired: (name = 'Somebody') => `The certificate of ${name}’s device has expired.`,
    revoked: (name = 'Somebody') =>
      `${name}’s device was blocked, but can still decrypt this call. Nothing of it is shown or heard.`,
    unchecked: (name = 'Somebody') =>
      `Cannot check whether ${name}’s device was blocked: the revocation list is out of date.`,
    replaced: () => 'The server replaced working keys with new ones. Compare the code again.',
    content: (name = 'Somebody') =>
      `A message, reaction or file claiming to be from ${name} is not encrypted or not genuine. It is hidden.`,
    identity: (name = 'Somebody') => `The server lists ${name}’s device as somebody else’s.`,
  },
};
