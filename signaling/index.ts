/** The control plane's face. */
export { type Counts, createBackup, moveStore, restoreBackup } from './backup/index.ts';
export {
  type AccountInfo,
  accountList,
  createInvitation,
  EVENTS,
  REQUESTS,
  type RoomInfo,
  revokeResponse,
  roomAllocation,
  trunkList,
} from './features/index.ts';
export { readTrustFiles } from './identity/index.ts';
export {
  aheadOfTime,
  checkDataDir,
  inUse,
  type KernelOptions,
  Metrics,
  openTlsSource,
  ownServerUrl,
  readTlsFiles,
  rememberedServer,
  requireDataDir,
  runningServer,
} from './kernel/index.ts';
export { type SignalingServer, startSignaling } from './server.ts';
