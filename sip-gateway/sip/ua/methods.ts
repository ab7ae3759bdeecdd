/** Methods that we support. */
export const METHODS = [
  ...['INVITE', 'ACK', 'BYE', 'CANCEL', 'OPTIONS', 'INFO', 'UPDATE', 'PRACK', 'REFER', 'SUBSCRIBE', 'NOTIFY'],
  'REGISTER',
];
/** Methods that we know. Those that we do not support get 405 rather than 501. */
export const KNOWN_METHODS: ReadonlySet<string> = new Set([...METHODS, 'MESSAGE', 'PUBLISH']);
/** Methods that belong to a call. */
export const OF_DIALOGS: ReadonlySet<string> = new Set([
  'BYE',
  'CANCEL',
  'INFO',
  'UPDATE',
  'PRACK',
  'NOTIFY',
]);
