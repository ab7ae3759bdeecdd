/** Phones, as the server sees them: settings, the gateway's control connection, calls that are asked for. */
export { registerTelephony } from './register.ts';
export { trunkList } from './rest.ts';
