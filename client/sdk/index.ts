/**
 * The SDK: enrol an identity with an invitation, connect, join a room, publish and receive. It runs in browsers, and elsewhere if
 * connect() gets a WebRTC implementation as `createDevice`.
 */
export type {
  EncryptionPolicy,
  LobbyMode,
  MediaSource,
  NewStreamKey,
  OpenedLink,
  OperatorAnswer,
  OperatorRoute,
  Participant,
  RecordingEvent,
  RoomAction,
  RoomLink,
  RoomRole,
  RoomSchedule,
  SharedRecording,
  SignOnOffer,
  StreamDirection,
  StreamKey,
} from '../../contract/index.ts';
export {
  CanopyError,
  canonicalRoomId,
  displayable,
  displayableText,
  ERROR_CODES,
  type ErrorCode,
  isCallRoom,
  nameLook,
  ROOM_ID,
} from '../../contract/light.ts';
export type { Breakouts, BreakoutsState } from './breakouts.ts';
export {
  type BridgeEvents,
  type BridgeMedia,
  type BridgeOpenOptions,
  type BridgeOptions,
  type BridgeParticipant,
  BridgeSession,
  type BridgeSource,
  GatewayLink,
  type GatewayLinkEvents,
  type NewParticipant,
  type Overhearing,
} from './bridge/index.ts';
export type { Caption, CaptionOptions, Captions, RunningCaptions } from './captions.ts';
export { type AudioProcessing, type CaptureOptions, openCapture, openScreen } from './capture.ts';
export type {
  Chat,
  ChatFile,
  ChatMessage,
  FileUpload,
  FileUploadState,
  NewFile,
  NewMessage,
  PendingMessage,
  UnreadableCounts,
  UnreadCounts,
} from './chat/index.ts';
export { type Account, Client, type ClientEvents, type ConnectOptions, connect } from './client.ts';
export type { ConnectionOptions, ConnectionState } from './connection.ts';
export {
  AddressBook,
  type AddressBookEvents,
  type AddressBookState,
  type Contact,
  type ContactAccount,
  type ContactPage,
  type Contacts,
  type ContactsEvents,
  type NewContact,
  verificationCode,
} from './contacts/index.ts';
export {
  type AskingDevice,
  type ClaimOptions,
  claimDevice,
  DeviceClaim,
  type DeviceClaimEvents,
  DeviceOffer,
  type DeviceOfferEvents,
  type OwnDevice,
  OwnDevices,
  type OwnDevicesEvents,
} from './devices/index.ts';
export type {
  CallMedia,
  CallSettings,
  DirectCall,
  DirectCalls,
  DirectCallsEvents,
  RecentCall,
  RecentCallsPage,
} from './direct-calls.ts';
export {
  BASE_KEY_BYTES,
  type EncryptedMember,
  type EncryptedTrack,
  type EncryptionAlarm,
  type EncryptionAlarmKind,
  type EncryptionState,
  type EpochKeys,
  encryptedMediaSupported,
  type FrameEncryption,
  type MediaEncryption,
  openMediaEncryption,
  type RoomEncryption,
  type SFrameSuite,
} from './encryption/index.ts';
export type {
  FrameTransform,
  FrameTransformable,
  FrameTransforms,
  ReceivedMedia,
  TransformedMedia,
} from './frame-transforms.ts';
export {
  AccountKey,
  type AccountKeyState,
  beginSignOn,
  browserStore,
  createPasskey,
  type DeviceLinkCode,
  type EnrolOptions,
  enrol,
  finishSignOn,
  Identity,
  type IdentityStore,
  type ImportOptions,
  type Invitation,
  importIdentity,
  type Locking,
  loadIdentity,
  mayEmbed,
  memoryStore,
  openRoomLink,
  parseDeviceLink,
  parseInvitation,
  parseLinkCode,
  parseRoomLink,
  passkeysUsable,
  type RestoreOptions,
  type RoomLinkSecret,
  renewalDue,
  renewIdentity,
  restoreFromBackup,
  type SignedOn,
  type StoredIdentity,
  serverInfo,
  signOnOffer,
  type Unlocking,
  unlockWithPasskey,
} from './identity/index.ts';
export type {
  Composition,
  KeptRecording,
  KeptRecordings,
  OpenedRecording,
  RecentRecording,
  RecordedMessage,
  RecordedTrack,
  RecordingShare,
} from './kept-recordings.ts';
export {
  type Admission,
  Knock,
  type KnockEvents,
  type KnockOptions,
  knock,
  type LobbyProgress,
  newKnockKey,
} from './knock.ts';
export type { Layout, LayoutTile } from './layout.ts';
export type { Live, LiveEnd, LiveOptions, RunningLive } from './live.ts';
export type { Lobby, LobbyEvents, WaitingPerson } from './lobby.ts';
export type { MediaConnectivity, MediaEndpoint, MediaState } from './media-connectivity.ts';
export type { Ban, EntryRule, Moderation, ModerationEvents, Stoppable } from './moderation.ts';
export type { Operator, OperatorRequest } from './operator.ts';
export type { NewPhone, OwnPhone, OwnPhones } from './own-phones.ts';
export type {
  NewRoom,
  OwnRooms,
  RoomChange,
  RoomDefaults,
  RoomDescription,
  RoomListing,
  RoomSummary,
} from './own-rooms.ts';
export type { MediaPath, PathReport, PathResult, VideoCounts } from './paths/index.ts';
export type { Poll, PollForm, Polls, PollVoter } from './polls/index.ts';
export type { VideoCodec } from './profiles.ts';
export type { Publication, PublishOptions } from './publication.ts';
export type { RaisedHand } from './raised-hands.ts';
export type { Reaction, ReactionKind, Reactions } from './reactions.ts';
export type {
  Recording,
  RecordingEnd,
  RecordingOptions,
  RunningRecording,
} from './recording.ts';
export { openSharedRecording, recordedChat, recordingEvents } from './recording-files.ts';
export type { Allocation, RemoteSource, RemoteTrack } from './remote-track.ts';
export type { Restraint } from './restraints.ts';
export type { JoinOptions, Room, RoomInfo } from './room.ts';
export type { RoomEvents, RoomState } from './room-events.ts';
export type { RoomLinks } from './room-links.ts';
export type { Spotlight } from './spotlight.ts';
export type { StreamKeys } from './stream-keys.ts';
