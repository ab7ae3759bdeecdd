/** Phones, as the server sees them: settings, the gateway's control connection, calls that are asked for. */
export { Calls } from './calls.ts';
export { TELEPHONY_MIGRATIONS } from './migrations.ts';
export { registerTelephony } from './register.ts';
export { trunkList } from './rest.ts';
export { TelephonySettings } from './telephony-settings.ts';
