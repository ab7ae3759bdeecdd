/** Phones, as the server sees them: settings, the gateway's control connection, calls that are asked for. */
export { type DialRequest, Telephony } from './telephony.ts';
