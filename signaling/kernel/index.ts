/** What every feature builds on. */

export { AccountRate } from './account-rate.ts';
export {
  type AccountRow,
  Accounts,
  addressMark,
  type DeviceRow,
  Devices,
  isAddressMark,
  Revocations,
} from './accounts/index.ts';
export { AcmeFiles } from './acme/index.ts';
export { type Act, type Actor, type ActorKind, AuditLog, type AuditRow } from './audit/index.ts';
export { Away, type AwayChannel, type AwayNotice } from './away.ts';
export type { Broadcaster, BroadcasterEvents, BroadcastOptions } from './broadcaster.ts';
export { BRIDGE_FACTOR, type Budgets, type Holder, NestedBudget } from './budgets/index.ts';
export { caNotYetValid } from './ca-not-yet-valid.ts';
export type { Captioner, CaptionerEvents, ListenOptions, Spoken } from './captioner.ts';
export {
  checkDataDir,
  DataLock,
  inUse,
  keptSecret,
  openBytes,
  openDataDir,
  rememberedServer,
  requireDataDir,
  runningServer,
  SEAL_BYTES,
  sealBytes,
  unusedDatabase,
} from './data/index.ts';
export { DELETED_ACCOUNT, type ExportEntry, jsonEntry, jsonListEntry, sendExport, zipOf } from './exports.ts';
export type { Happening } from './happenings.ts';
export { Hook } from './hook.ts';
export {
  type ByteRange,
  bearerOf,
  defaultPublicUrl,
  errorResponses,
  openTlsSource,
  readAuthorities,
  readTlsFiles,
  sendBytes,
  serveMetrics,
  tlsMetrics,
  toCoded,
  type ZodInstance,
} from './http/index.ts';
export { iceServers } from './ice-servers.ts';
export {
  type AccountReplacement,
  type DialIn,
  type EnrollingAccount,
  Kernel,
  type KernelOptions,
  type RoomDeletion,
} from './kernel.ts';
export { Metrics } from './metrics/index.ts';
export { KERNEL_MIGRATIONS } from './migrations.ts';
export { NetworkRate } from './network-rate.ts';
export { type Attempt, type Message, Sender, TargetGuard } from './outbound/index.ts';
export { ownServerUrl } from './own-server-url.ts';
export type { ChatDuring, PastMessages } from './past-chat.ts';
export type {
  CallByPhone,
  HangUp,
  MeetingByPhone,
  PhoneExchange,
  PhoneLeg,
  PhoneLegEvents,
  RingablePhone,
} from './phone-exchange.ts';
export {
  type ActionInRoom,
  type AdminAction,
  defaultPermissions,
  demand,
  demandInvitingTo,
  demandScope,
  isConfinedToRooms,
  isNamed,
  isPhoneGateway,
  may,
  mayBeCalled,
  mayCallNumbers,
  mayEnterLocked,
  mayHaveKeys,
  mayOwn,
  otherOwner,
  type RoomPolicy,
  roomRoleOf,
  type ServerAction,
} from './policy/index.ts';
export {
  type AccountHolder,
  holderOf,
  NEWCOMER,
  OPERATOR,
  type PeerPrincipal,
  type PersonRole,
  PHONE,
  type Principal,
  peerPrincipal,
  type SeatPrincipal,
  type StreamPrincipal,
  serverRoleOf,
  type TokenPrincipal,
  type Visitor,
} from './principals/index.ts';
export type {
  CompositionTask,
  Recorder,
  RecorderEvents,
  RecordOptions,
} from './recorder.ts';
export type { RecordingStorageState } from './recording-storage-state.ts';
export {
  describeRoom,
  hashPin,
  type LeaveReason,
  mainRoomOf,
  Peer,
  type PeerConnection,
  type PeerMedia,
  type RecordChange,
  type Removal,
  Room,
  type RoomLogEntry,
  type RoomRecord,
  Rooms,
  recordOf,
} from './rooms/index.ts';
export {
  type Handler,
  type Handlers,
  requirePrincipal,
  requireRight,
  requireRightFor,
  requireSeat,
  type Session,
  seatIn,
  TokenBucket,
} from './sockets/index.ts';
export { StrangerRate } from './stranger-rate.ts';
export type { ApiToken, ApiTokens } from './tokens/index.ts';
