import type { Kernel } from '../../kernel/index.ts';
import { MODERATION_REQUESTS } from './contract.ts';
import { moderationHandlers } from './moderation-handlers.ts';
import { RoomAdministration } from './room-administration.ts';
import { registerRoomRoutes } from './room-routes.ts';

/** Moderation, by moderators in their room and by the operator in any room. */
export function registerModeration(kernel: Kernel): void {
  kernel.requests(MODERATION_REQUESTS, moderationHandlers(kernel));
  registerRoomRoutes(kernel, new RoomAdministration(kernel));
}
