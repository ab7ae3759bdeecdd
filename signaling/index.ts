/** The control plane's face. */
export { createInvitation } from './create-invitation.ts';
export { openTlsSource } from './open-tls-source.ts';
export { type SignalingOptions, SignalingServer } from './server.ts';
