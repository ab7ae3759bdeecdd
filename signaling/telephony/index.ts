export { digestSecrets } from './digest-secrets.ts';
export { type DialRequest, Telephony } from './telephony.ts';
