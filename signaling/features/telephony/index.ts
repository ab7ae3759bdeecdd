/** The server's side of telephony: settings, the gateway's control connection, calls requested by rooms. */
export { Calls } from './calls.ts';
export { TELEPHONY_MIGRATIONS } from './migrations.ts';
export { registerTelephony } from './register.ts';
export { trunkList } from './rest.ts';
export { TelephonySettings } from './telephony-settings.ts';
