/** The control plane's public API. */
export { type Counts, createBackup, moveStore, restoreBackup } from './backup/index.ts';
export { createInvitation, createRoomLink } from './create-invitation.ts';
export {
  type AccountInfo,
  type AuditEntry,
  accountList,
  auditList,
  createdToken,
  createdWebhook,
  EVENTS,
  pingResult,
  probeSignOn,
  REQUESTS,
  type RoomInfo,
  registerMetrics,
  reinstateResponse,
  revokeResponse,
  roomAllocation,
  SNAPSHOT_PARTS,
  type TokenInfo,
  tokenList,
  trunkList,
  WEBHOOK_EVENTS,
  type WebhookInfo,
  webhookList,
} from './features/index.ts';
export { readTrustFiles } from './identity/index.ts';
export {
  AcmeFiles,
  type Captioner,
  type CaptionerEvents,
  type CompositionTask,
  caNotYetValid,
  checkDataDir,
  inUse,
  type ListenOptions,
  Metrics,
  openTlsSource,
  ownServerUrl,
  type Recorder,
  type RecorderEvents,
  type RecordOptions,
  readAuthorities,
  readTlsFiles,
  rememberedServer,
  requireDataDir,
  runningServer,
  type Spoken,
  serveMetrics,
  unusedDatabase,
} from './kernel/index.ts';
export { probeDatabase } from './probe-database.ts';
export { type ServerOptions, type SignalingServer, startSignaling } from './server.ts';
