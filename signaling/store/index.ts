export { Accounts } from './accounts.ts';
export { Calls } from './calls.ts';
export { Devices } from './devices.ts';
export { type Admission, Invitations, type NewInvitation } from './invitations.ts';
export type { AccountRow, DeviceRow, InvitationRow } from './schema.ts';
export { Store } from './store.ts';
export { TelephonySettings } from './telephony-settings.ts';
