export { invitationUrl } from './invitation-url.ts';
export { Invitations, type NewInvitation } from './invitations.ts';
export { type InvitationsFeature, registerInvitations } from './register.ts';
