export { Accounts } from './accounts.ts';
export { Invitations, type NewInvitation } from './invitations.ts';
export type { AccountRow, InvitationRow } from './schema.ts';
export { Store } from './store.ts';
