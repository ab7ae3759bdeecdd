/** What the server does for people. Each folder is one feature, which registers itself with the kernel. */
export { type AccountInfo, accountList, reinstateResponse, revokeResponse } from './accounts/index.ts';
export { type AuditEntry, auditList } from './audit/index.ts';
export { roomAllocation } from './conference/index.ts';
export { EVENTS, REQUESTS, SNAPSHOT_PARTS } from './contracts.ts';
export { PublicGroup } from './encryption/index.ts';
export { Invitations, invitationUrl, type NewInvitation } from './invitations/index.ts';
export { LINKS_KEY, linkUrl, RoomLinks } from './links/index.ts';
export { registerMetrics } from './metrics.ts';
export { MIGRATIONS } from './migrations.ts';
export type { RoomInfo } from './moderation/index.ts';
export { probeRecordingStorage } from './recording/index.ts';
export { registerFeatures } from './register.ts';
export { probeSignOn } from './sign-on/index.ts';
export { Calls, trunkList } from './telephony/index.ts';
export { createdToken, type TokenInfo, tokenList } from './tokens/index.ts';
export {
  createdWebhook,
  pingResult,
  WEBHOOK_EVENTS,
  type WebhookInfo,
  webhookList,
} from './webhooks/index.ts';
