/** All requests and events of the wire protocol, for the reference pages and tests; and their types, for clients. */
import { SESSION_EVENTS, SESSION_REQUESTS } from '../../contract/index.ts';
import { ACCOUNT_REQUESTS } from './accounts/contract.ts';
import './audit/contract.ts';
import { BAN_EVENTS, BAN_REQUESTS } from './bans/contract.ts';
import { BREAKOUT_EVENTS, BREAKOUT_REQUESTS, BREAKOUT_SNAPSHOT } from './breakouts/contract.ts';
import { CAPTION_EVENTS, CAPTION_REQUESTS, CAPTION_SNAPSHOT } from './captions/contract.ts';
import { CHAT_EVENTS, CHAT_REQUESTS, FILE_REQUESTS } from './chat/contract.ts';
import { CONFERENCE_EVENTS, CONFERENCE_REQUESTS, CONFERENCE_SNAPSHOT } from './conference/contract.ts';
import { CONSOLE_REQUESTS } from './console/contract.ts';
import {
  ADDRESS_BOOK_EVENTS,
  ADDRESS_BOOK_REQUESTS,
  CONTACT_EVENTS,
  CONTACT_REQUESTS,
} from './contacts/contract.ts';
import { DEVICE_EVENTS, DEVICE_REQUESTS } from './devices/contract.ts';
import { DIRECT_CALL_EVENTS, DIRECT_CALL_REQUESTS } from './direct-calls/contract.ts';
import { ENCRYPTION_EVENTS, ENCRYPTION_REQUESTS, ENCRYPTION_SNAPSHOT } from './encryption/contract.ts';
import { HAND_EVENTS, HAND_REQUESTS, HAND_SNAPSHOT } from './hands/contract.ts';
import { INVITATION_REQUESTS } from './invitations/contract.ts';
import { LINK_EVENTS, LINK_REQUESTS, LINK_SNAPSHOT } from './links/contract.ts';
import { LIVE_EVENTS, LIVE_REQUESTS, LIVE_SNAPSHOT } from './live/contract.ts';
import { MODERATION_EVENTS, MODERATION_REQUESTS, MODERATION_SNAPSHOT } from './moderation/contract.ts';
import { MOVE_HERE_REQUESTS } from './move-here/contract.ts';
import { NAME_EVENTS, NAME_REQUESTS } from './names/contract.ts';
import { PATH_REQUESTS } from './paths/contract.ts';
import { POLL_EVENTS, POLL_REQUESTS } from './polls/contract.ts';
import { PUSH_REQUESTS } from './push/contract.ts';
import { REACTION_EVENTS, REACTION_REQUESTS } from './reactions/contract.ts';
import {
  COMPOSITION_EVENTS,
  COMPOSITION_REQUESTS,
  LIBRARY_REQUESTS,
  RECORDING_EVENTS,
  RECORDING_REQUESTS,
  RECORDING_SNAPSHOT,
  SHARING_REQUESTS,
} from './recording/contract.ts';
import { ROOM_EVENTS, ROOM_REQUESTS, ROOM_SNAPSHOT } from './rooms/contract.ts';
import { SPOTLIGHT_EVENTS, SPOTLIGHT_REQUESTS, SPOTLIGHT_SNAPSHOT } from './spotlight/contract.ts';
import { STREAM_REQUESTS } from './streams/contract.ts';
import { PERSON_PHONE_REQUESTS, TELEPHONY_EVENTS, TELEPHONY_REQUESTS } from './telephony/contract.ts';

export const REQUESTS = {
  ...SESSION_REQUESTS,
  ...ACCOUNT_REQUESTS,
  ...INVITATION_REQUESTS,
  ...DEVICE_REQUESTS,
  ...LINK_REQUESTS,
  ...CONFERENCE_REQUESTS,
  ...ENCRYPTION_REQUESTS,
  ...MODERATION_REQUESTS,
  ...BAN_REQUESTS,
  ...HAND_REQUESTS,
  ...REACTION_REQUESTS,
  ...SPOTLIGHT_REQUESTS,
  ...MOVE_HERE_REQUESTS,
  ...NAME_REQUESTS,
  ...CHAT_REQUESTS,
  ...FILE_REQUESTS,
  ...POLL_REQUESTS,
  ...RECORDING_REQUESTS,
  ...LIBRARY_REQUESTS,
  ...SHARING_REQUESTS,
  ...COMPOSITION_REQUESTS,
  ...CAPTION_REQUESTS,
  ...LIVE_REQUESTS,
  ...STREAM_REQUESTS,
  ...BREAKOUT_REQUESTS,
  ...PATH_REQUESTS,
  ...ROOM_REQUESTS,
  ...CONTACT_REQUESTS,
  ...ADDRESS_BOOK_REQUESTS,
  ...TELEPHONY_REQUESTS,
  ...PERSON_PHONE_REQUESTS,
  ...DIRECT_CALL_REQUESTS,
  ...PUSH_REQUESTS,
  ...CONSOLE_REQUESTS,
};

export const EVENTS = {
  ...SESSION_EVENTS,
  ...DEVICE_EVENTS,
  ...CONFERENCE_EVENTS,
  ...ENCRYPTION_EVENTS,
  ...MODERATION_EVENTS,
  ...BAN_EVENTS,
  ...HAND_EVENTS,
  ...LINK_EVENTS,
  ...CHAT_EVENTS,
  ...POLL_EVENTS,
  ...RECORDING_EVENTS,
  ...COMPOSITION_EVENTS,
  ...CAPTION_EVENTS,
  ...LIVE_EVENTS,
  ...BREAKOUT_EVENTS,
  ...REACTION_EVENTS,
  ...SPOTLIGHT_EVENTS,
  ...NAME_EVENTS,
  ...ROOM_EVENTS,
  ...CONTACT_EVENTS,
  ...ADDRESS_BOOK_EVENTS,
  ...TELEPHONY_EVENTS,
  ...DIRECT_CALL_EVENTS,
};

/** What features add to the snapshot that `room.join` returns. */
export const SNAPSHOT_PARTS = {
  ...BREAKOUT_SNAPSHOT,
  ...CONFERENCE_SNAPSHOT,
  ...ENCRYPTION_SNAPSHOT,
  ...HAND_SNAPSHOT,
  ...LINK_SNAPSHOT,
  ...MODERATION_SNAPSHOT,
  ...SPOTLIGHT_SNAPSHOT,
  ...RECORDING_SNAPSHOT,
  ...CAPTION_SNAPSHOT,
  ...LIVE_SNAPSHOT,
  ...ROOM_SNAPSHOT,
};
