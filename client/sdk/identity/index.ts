/** Device identities: enrolling, storing and proving them, and verifying the server's. */
export { AccountKey, type AccountKeyState, accountKeyFrom } from './account-key.ts';
export { browserStore } from './browser-store.ts';
export { type Certificate, readCertificate } from './certificate.ts';
export {
  callApi,
  type EnrolOptions,
  enrol,
  type ImportOptions,
  importIdentity,
  isPinned,
  loadIdentity,
  mayEmbed,
  type RestoreOptions,
  restoreFromBackup,
  type ServerOptions,
  serverInfo,
} from './enrol.ts';
export { Identity } from './identity.ts';
export { type Invitation, parseInvitation } from './invitation.ts';
export type { Locking, Unlocking } from './key-wrap.ts';
export { generateSigningKey, sign } from './keys.ts';
export {
  type DeviceLinkCode,
  deviceLinkUrl,
  formatLinkCode,
  type LinkSecrets,
  linkSecrets,
  newLinkCode,
  parseDeviceLink,
  parseLinkCode,
} from './link-code.ts';
export type { LinkAnswer, LinkedAccount, LinkRequest, PendingLink } from './link-messages.ts';
export { loadIssuing, loadLinkMessages } from './link-parts.ts';
export { createPasskey, passkeysUsable, unlockWithPasskey } from './passkey.ts';
export { adoptRenewal, issueRenewal, makeRenewalRequest, renewalDue, renewIdentity } from './renewal.ts';
export { openRoomLink, parseRoomLink, type RoomLinkSecret } from './room-link.ts';
export { verifyServerBinding, verifyServerLeaf } from './server-binding.ts';
export { beginSignOn, finishSignOn, type SignedOn, signOnOffer } from './sign-on.ts';
export { type IdentityStore, memoryStore, type StoredIdentity } from './store.ts';
