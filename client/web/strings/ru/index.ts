import type { Strings } from '../table.ts';
import { account } from './account.ts';
import { addressBook } from './address-book.ts';
import { alone } from './alone.ts';
import { appearance } from './appearance.ts';
import { arrivals } from './arrivals.ts';
import { backup } from './backup.ts';
import { breakouts } from './breakouts.ts';
import { calls } from './calls.ts';
import { captions } from './captions.ts';
import { chat } from './chat.ts';
import { common } from './common.ts';
import { contacts } from './contacts.ts';
import { controls } from './controls.ts';
import { devices } from './devices.ts';
import { door } from './door.ts';
import { embedding } from './embedding.ts';
import { errors } from './errors.ts';
import { files } from './files.ts';
import { listed } from './forms.ts';
import { forwarding } from './forwarding.ts';
import { hands } from './hands.ts';
import { home } from './home.ts';
import { invite } from './invite.ts';
import { lobby } from './lobby.ts';
import { moderation } from './moderation.ts';
import { notices } from './notices.ts';
import { own } from './own.ts';
import { ownData } from './own-data.ts';
import { ownPhones } from './own-phones.ts';
import { panels } from './panels.ts';
import { paths } from './paths.ts';
import { people } from './people.ts';
import { phones } from './phones.ts';
import { polls } from './polls.ts';
import { quality } from './quality.ts';
import { reactions } from './reactions.ts';
import { recording } from './recording.ts';
import { recordings } from './recordings.ts';
import { rename } from './rename.ts';
import { room } from './room.ts';
import { rooms } from './rooms.ts';
import { settings } from './settings.ts';
import { shortcuts } from './shortcuts.ts';
import { signOn } from './sign-on.ts';
import { stage } from './stage.ts';
import { streams } from './streams.ts';
import { tile } from './tile.ts';
import { waiting } from './waiting.ts';
import { welcome } from './welcome.ts';

export const ru: Strings = {
  listed,
  account,
  addressBook,
  alone,
  appearance,
  arrivals,
  backup,
  breakouts,
  calls,
  chat,
  common,
  contacts,
  controls,
  devices,
  door,
  embedding,
  errors,
  files,
  forwarding,
  hands,
  home,
  invite,
  lobby,
  moderation,
  notices,
  own,
  ownData,
  ownPhones,
  panels,
  paths,
  people,
  phones,
  polls,
  quality,
  reactions,
  recording,
  captions,
  recordings,
  rename,
  room,
  settings,
  rooms,
  shortcuts,
  signOn,
  stage,
  streams,
  tile,
  waiting,
  welcome,
};
