/** Adding a device to the account, on either device. */
export const adding = {
  addHeading: 'Add a device',
  addHow: 'On the new device, scan this code with the camera.',
  addTyped: (host: string) => `Or open ${host}, choose “I use Canopy on another device”, and type:`,
  qrCode: 'QR code with the link for the new device',
  validUntil: (time: string) => `Valid for one device until ${time}. Show it to nobody else.`,
  makingCode: 'Creating a code…',
  reconnecting: 'Connection lost. Reconnecting…',
  asks: 'This device wants to use your account',
  asksWarning:
    'Add it only if you have it in your hands and it says that it is waiting for you. Whoever has it can act as you.',
  handOver: 'Also give it the account key',
  handOverHint:
    'It can then add devices, renew certificates and save backups like this one. Leave this off for a device that others use too.',
  handOverNotPossible:
    'This device can use the account key, but not pass it on. The new device will renew its certificate through this one.',
  approve: 'Add this device',
  deny: 'Don’t add',
  finishing: 'Waiting until the new device is ready…',
  added: (device: string) => `${device} can use your account now.`,
  newCode: 'New code',
  newHeading: 'Use your account on this device',
  newIntro: 'This device joins the account of the device that shows the code.',
  replaces: (name: string) =>
    `This browser already has the account of ${name}. If you continue, it is replaced here.`,
  code: 'Code from the other device',
  codeExample: 'XXXX-XXXX-XXXX-XXXX',
  codeWrong: 'A code has 16 letters and digits.',
  linkDamaged: 'Part of the link is missing. Type the code that the other device shows.',
  ask: 'Continue',
  asking: 'Just a moment…',
  waitingHeading: 'Confirm on your other device',
  waiting: (device: string) => `Your other device now shows “${device}”. Choose “Add this device” there.`,
};
