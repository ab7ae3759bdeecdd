import { KERNEL_MIGRATIONS } from '../kernel/index.ts';
import type { Migrations } from '../store/index.ts';
import { BAN_MIGRATIONS } from './bans/index.ts';
import { BREAKOUT_MIGRATIONS } from './breakouts/index.ts';
import { CHAT_MIGRATIONS } from './chat/index.ts';
import { ADDRESS_BOOK_MIGRATIONS, CONTACT_MIGRATIONS } from './contacts/index.ts';
import { DIRECT_CALL_MIGRATIONS } from './direct-calls/index.ts';
import { LINK_MIGRATIONS } from './links/index.ts';
import { POLL_MIGRATIONS } from './polls/index.ts';
import { PUSH_MIGRATIONS } from './push/index.ts';
import { RECORDING_MIGRATIONS } from './recording/index.ts';
import { ROOM_VISIT_MIGRATIONS } from './rooms/index.ts';
import { SIGN_ON_MIGRATIONS } from './sign-on/index.ts';
import { STREAM_MIGRATIONS } from './streams/index.ts';
import { TELEPHONY_MIGRATIONS } from './telephony/index.ts';
import { WEBHOOK_MIGRATIONS } from './webhooks/index.ts';

/** The migrations of all tables: the kernel's and the features'. */
export const MIGRATIONS: Migrations = {
  ...KERNEL_MIGRATIONS,
  ...TELEPHONY_MIGRATIONS,
  ...BAN_MIGRATIONS,
  ...ROOM_VISIT_MIGRATIONS,
  ...CHAT_MIGRATIONS,
  ...LINK_MIGRATIONS,
  ...WEBHOOK_MIGRATIONS,
  ...CONTACT_MIGRATIONS,
  ...ADDRESS_BOOK_MIGRATIONS,
  ...POLL_MIGRATIONS,
  ...SIGN_ON_MIGRATIONS,
  ...BREAKOUT_MIGRATIONS,
  ...DIRECT_CALL_MIGRATIONS,
  ...PUSH_MIGRATIONS,
  ...RECORDING_MIGRATIONS,
  ...STREAM_MIGRATIONS,
};
