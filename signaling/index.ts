/** The control plane's face. */
export { createInvitation } from './create-invitation.ts';
export { Metrics } from './metrics/index.ts';
export { openTlsSource } from './open-tls-source.ts';
export { type SignalingOptions, SignalingServer } from './server.ts';
