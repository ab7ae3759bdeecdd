/** Something cannot be measured on this machine; the message says what to install or change. */
export class SystemUnavailable extends Error {}
