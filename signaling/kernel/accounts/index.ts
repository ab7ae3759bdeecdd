/** The known accounts, their devices, the rooms guests may enter, and what the deployment revoked. */
export { Accounts } from './accounts.ts';
export { Devices } from './devices.ts';
export { ACCOUNT_MIGRATIONS } from './migrations.ts';
export { Revocations } from './revocations.ts';
export type { AccountRow, DeviceRow, RevocationRow } from './tables.ts';
