/** The control plane's face. */
export { createInvitation } from './create-invitation.ts';
export { type SignalingOptions, SignalingServer } from './server.ts';
