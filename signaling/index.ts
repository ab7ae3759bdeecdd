/** The control plane's face. */
export { type Counts, createBackup, moveStore, restoreBackup } from './backup/index.ts';
export { aheadOfTime } from './clock.ts';
export { createInvitation } from './create-invitation.ts';
export { checkDataDir, requireDataDir } from './data-dir.ts';
export { inUse, rememberedServer, runningServer } from './data-lock.ts';
export { readTlsFiles } from './http/index.ts';
export { readTrustFiles } from './identity/index.ts';
export { Metrics } from './metrics/index.ts';
export { openTlsSource } from './open-tls-source.ts';
export { ownServerUrl } from './own-server-url.ts';
export { type SignalingOptions, SignalingServer } from './server.ts';
