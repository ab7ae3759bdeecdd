import { type Handlers, requirePrincipal } from '../../kernel/index.ts';
import type { ROOM_REQUESTS } from './contract.ts';
import type { RoomConfiguration } from './room-configuration.ts';

export function roomSettingsHandlers(configuration: RoomConfiguration): Handlers<keyof typeof ROOM_REQUESTS> {
  return {
    'room.configure': (session, { roomId, ...change }) =>
      configuration.change(requirePrincipal(session), roomId, change),
  };
}
