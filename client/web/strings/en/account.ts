import { plural } from './forms.ts';

/** The user's account: its devices, adding one, and the account's key. */
export const account = {
  heading: 'Your devices',
  menu: 'Your account',
  open: 'Your devices',
  intro: 'These devices can use your account.',
  thisDevice: 'This device',
  unnamed: 'Unnamed device',
  /** A browser and its system. */
  browserOn: (browser: string, system: string) => `${browser} on ${system}`,
  unknownBrowser: 'Unknown program',
  connected: 'Connected now',
  lastSeen: (ago: string) => `Last seen ${ago}`,
  more: (device: string) => `More about ${device}`,
  rename: 'Rename',
  renameHeading: 'Rename device',
  deviceName: 'Name of the device',
  deviceNameExample: 'e.g. My phone',
  remove: 'Remove',
  removeHeading: (device: string) => `Remove ${device}?`,
  removeWhat: 'It is signed out at once and can no longer use your account. An administrator can undo this.',
  removeAdvice:
    'If somebody else may have this device and it holds your account key, ask an administrator to revoke your whole account: the key could create new devices.',
  removeAct: 'Remove device',
  loading: 'Loading your devices…',

  add: 'Add a device',
  noKeyHere:
    'This device does not hold your account key, so it cannot add others. Use the device where you created your account.',

  haveOther: 'I use Canopy on another device',
  haveOtherHow:
    'On that device, open “Your devices” and choose “Add a device”. Scan its code with this device, or type it here.',
  useCode: 'Type the code',

  keyHeading: 'Account key',
  keyStates: {
    absent: 'Not on this device. Other devices renew this one’s certificate.',
    usable: 'On this device. It renews certificates automatically, but can no longer be saved or passed on.',
    open: 'On this device, but only until you close this page. Protect it to keep it.',
    locked: 'On this device, protected.',
  },
  protect: 'Protect the key',
  protectChange: 'Change protection',
  protectHeading: 'Protect your account key',
  protectWhat:
    'The account key adds devices, renews their certificates and saves backups. It is stored encrypted on this device, and you unlock it only when it is needed.',
  protectWith: 'Protect with',
  withPassword: 'A password',
  withPasskey: 'A passkey (fingerprint, face or security key)',
  passkeyHint: 'Your browser will ask you to create a passkey.',
  protectAct: 'Protect',
  notNow: 'Not now',
  dontKeep: 'Don’t keep the key on this device',
  unlockPassword: 'Password of your account key',
  unlockPasskey: 'Your browser will ask for your passkey.',

  offerProtect:
    'If you lose this device, a backup or another device brings your account back. Protect your account key now: after you close this page, it can no longer be saved.',
  renew: 'Renew',
  renewHeading: 'Renew certificates',
  renewWhat: 'Your account key signs the new certificates.',
  needRenewal: (time: string) => `This device’s certificate expires on ${time}. Renewing takes a moment.`,
  expired: 'This device’s certificate has expired. Renew it to continue.',
  needOther: (time: string) =>
    `This device’s certificate expires on ${time}. Open Canopy on a device that holds your account key: it renews this one.`,
  expiredOther:
    'This device’s certificate has expired. Add this device again: open “Your devices” on a device that holds your account key.',
  needInvitation: (time: string) =>
    `Your account expires on ${time}. Ask an administrator for a new invitation before then, and open it in this browser.`,
  othersAsk: (devices: string, count: number) =>
    plural(count, {
      one: `${devices} needs a new certificate from this device.`,
      other: `${devices} need new certificates from this device.`,
    }),
};
