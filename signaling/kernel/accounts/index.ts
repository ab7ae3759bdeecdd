/** The known accounts, their devices, the rooms guests may enter, and the deployment's revocations. */

export { AccountDeletions } from './account-deletions.ts';
export { Accounts } from './accounts.ts';
export { addressMark, isAddressMark } from './address-mark.ts';
export { Devices } from './devices.ts';
export { ExpiredGuests } from './expired-guests.ts';
export { ACCOUNT_MIGRATIONS } from './migrations.ts';
export { Revocations } from './revocations.ts';
export type { AccountRow, DeviceRow, RevocationRow } from './tables.ts';
