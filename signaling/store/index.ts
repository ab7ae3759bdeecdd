export { Accounts } from './accounts.ts';
export { Calls } from './calls.ts';
export { Devices } from './devices.ts';
export { type Admission, Invitations, type NewInvitation, START } from './invitations.ts';
export { Revocations } from './revocations.ts';
export type { AccountRow, DeviceRow, InvitationRow, RevocationRow, RoomRow } from './schema.ts';
export { Store } from './store.ts';
export { TelephonySettings } from './telephony-settings.ts';
export { WriteBehind } from './write-behind.ts';
