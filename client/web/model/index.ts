/** The page's state and behaviour, without its looks. */
export type { Need } from './account-care.ts';
export { amplify } from './amplifier.ts';
export { AppModel, type Screen } from './app-model.ts';
export type { Attachment } from './attachments.ts';
export type { BreakoutsModel } from './breakouts.ts';
export { browserName } from './browser-name.ts';
export type { Call } from './call.ts';
export type { PersonQuality, StreamDetails } from './call-quality.ts';
export { type ChatModel, canNotify, type Mentionable } from './chat.ts';
export { type ChatItem, chatItems, type MessageGroup } from './chat-groups.ts';
export { firstLine, messageSummary, textPieces } from './chat-text.ts';
export { exportContacts, type ImportReport, importContacts } from './contact-files.ts';
export { ContactList } from './contact-list.ts';
export { type Destination, readDestination } from './destination.ts';
export { type AddingStage, DeviceAdding } from './device-adding.ts';
export { echoBack, testTone } from './device-tests.ts';
export type { DirectCallsModel, Outgoing } from './direct-calls.ts';
export { Door, type DoorStage } from './door.ts';
export { hasBackgroundPicture } from './effects/index.ts';
export { fileSize } from './file-size.ts';
export { bestGrid } from './grid.ts';
export { HomeRooms, type RoomListState } from './home-rooms.ts';
export { Inviting } from './invite.ts';
export type { Acquaintance } from './known-people.ts';
export type { Quality } from './link-quality.ts';
export {
  BACKGROUNDS,
  type Background,
  bothDevicesSentence,
  type CaptureKind,
  type DeviceKind,
  deviceSentence,
  type LocalMedia,
} from './local-media.ts';
export type { Trouble } from './media-trouble.ts';
export type { MeetingRequest } from './meeting-request.ts';
export type { Asked, CallModeration } from './moderation.ts';
export { matchesName } from './names.ts';
export type { NewDevice } from './new-device.ts';
export type { Notices } from './notices.ts';
export { OwnDeviceList } from './own-device-list.ts';
export type { PanelName } from './panels.ts';
export type { PathCheck } from './path-check.ts';
export type { PollDraft, PollsModel } from './polls.ts';
export {
  DATA_USES,
  type DataUse,
  type Preferences,
  preferences,
  setPreferences,
} from './preferences.ts';
export type { PushModel } from './push.ts';
export { type CallReactions, REACTION_EMOJI } from './reactions.ts';
export { RecentCalls } from './recent-calls.ts';
export { hasName, roomName } from './room-name.ts';
export { callUrl, readCallAddress, roomUrl, toRoomId } from './route.ts';
export { saveCalendar, saveFile, saveUrl } from './save-file.ts';
export type { ScreenLayout } from './screen-layout.ts';
export { arrange, seatKey } from './seating.ts';
export { type Corner, moveSelf, SELF_VIEWS, selfCorner, selfView, setSelfView } from './self-view.ts';
export type { SignOn, SignOnStage } from './sign-on.ts';
export { watchLevel } from './sound-level.ts';
export { setTheme, THEMES, theme } from './theme.ts';
export { MAX_VOLUME } from './volumes.ts';
