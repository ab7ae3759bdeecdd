/** The page's state and behaviour, without its looks. */
export { AppModel, type Screen } from './app/app-model.ts';
export { type Destination, readDestination } from './app/destination.ts';
export { HomeRooms, type RoomListState } from './app/home-rooms.ts';
export type { MeetingRequest } from './app/meeting-request.ts';
export type { PushModel } from './app/push.ts';
export {
  CONSOLE_SECTIONS,
  type ConsoleSection,
  callableNumber,
  callUrl,
  consoleFragment,
  readCallAddress,
  roomUrl,
  toRoomId,
} from './app/route.ts';
export { setTheme, THEMES, theme } from './app/theme.ts';
export type { Notices } from './basics/notices.ts';
export {
  DATA_USES,
  type DataUse,
  type Preferences,
  preferences,
  setPreferences,
} from './basics/preferences.ts';
export { hasName, roomName } from './basics/room-name.ts';
export { saveCalendar, saveFile, saveUrl } from './basics/save-file.ts';
export type { BreakoutsModel } from './call/breakouts.ts';
export type { Call } from './call/call.ts';
export type { PersonQuality, StreamDetails } from './call/call-quality.ts';
export { rememberEncrypted } from './call/encrypted-rooms.ts';
export { Inviting } from './call/invite.ts';
export type { Asked, CallModeration } from './call/moderation.ts';
export type { PanelName } from './call/panels.ts';
export type { PollDraft, PollsModel } from './call/polls.ts';
export { type CallReactions, REACTION_EMOJI } from './call/reactions.ts';
export type { Attachment } from './chat/attachments.ts';
export { type ChatModel, canNotify, type Mentionable } from './chat/chat.ts';
export { type ChatItem, chatItems, type MessageGroup } from './chat/chat-groups.ts';
export { firstLine, isAnswered, messageSummary, textPieces } from './chat/chat-text.ts';
export { fileSize } from './chat/file-size.ts';
export type { Need } from './identity/account-care.ts';
export { browserName } from './identity/browser-name.ts';
export type { AddingStage } from './identity/device-adding.ts';
export { Door, type DoorStage } from './identity/door.ts';
export type { NewDevice } from './identity/new-device.ts';
export type { SignOn, SignOnStage } from './identity/sign-on.ts';
export { amplify } from './media/amplifier.ts';
export { echoBack, testTone } from './media/device-tests.ts';
export { hasBackgroundPicture } from './media/effects/index.ts';
export type { Quality } from './media/link-quality.ts';
export {
  BACKGROUNDS,
  type Background,
  bothDevicesSentence,
  type CaptureKind,
  type DeviceKind,
  deviceSentence,
  type LocalMedia,
} from './media/local-media.ts';
export type { Trouble } from './media/media-trouble.ts';
export type { PathCheck } from './media/path-check.ts';
export { watchLevel } from './media/sound-level.ts';
export { MAX_VOLUME } from './media/volumes.ts';
export { ContactList } from './people/contact-list.ts';
export type { DirectCallsModel, Outgoing } from './people/direct-calls.ts';
export type { Acquaintance } from './people/known-people.ts';
export { matchesName } from './people/names.ts';
export { RecentCalls } from './people/recent-calls.ts';
export { bestGrid } from './stage/grid.ts';
export type { ScreenLayout } from './stage/screen-layout.ts';
export { arrange, seatKey } from './stage/seating.ts';
export { type Corner, moveSelf, SELF_VIEWS, selfCorner, selfView, setSelfView } from './stage/self-view.ts';
