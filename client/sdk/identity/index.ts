/** Device identities: enrolling, storing and proving them, and verifying the server's. */
export { browserStore } from './browser-store.ts';
export { type Certificate, readCertificate } from './certificate.ts';
export {
  type EnrolOptions,
  enrol,
  type ImportOptions,
  importIdentity,
  loadIdentity,
  mayEmbed,
  type RestoreOptions,
  restoreFromBackup,
  serverInfo,
} from './enrol.ts';
export { Identity } from './identity.ts';
export { type Invitation, parseInvitation } from './invitation.ts';
export { openRoomLink, parseRoomLink, type RoomLinkSecret } from './room-link.ts';
export { verifyServerBinding } from './server-binding.ts';
export { type IdentityStore, memoryStore, type StoredIdentity } from './store.ts';
