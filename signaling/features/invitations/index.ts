export { createInvitation } from './create-invitation.ts';
export { type InvitationsFeature, registerInvitations } from './register.ts';
