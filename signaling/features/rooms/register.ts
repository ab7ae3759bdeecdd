import type { Kernel } from '../../kernel/index.ts';
import { ROOM_REQUESTS } from './contract.ts';
import { RoomConfiguration } from './room-configuration.ts';
import { roomSettingsHandlers } from './room-settings-handlers.ts';
import { registerRoomSettingsRoutes } from './room-settings-routes.ts';

/** Settings of rooms, changed by owners and the operator: title, roles and permissions. */
export function registerRooms(kernel: Kernel): void {
  const configuration = new RoomConfiguration(kernel);
  kernel.requests(ROOM_REQUESTS, roomSettingsHandlers(configuration));
  registerRoomSettingsRoutes(kernel, configuration);
}
