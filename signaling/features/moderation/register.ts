import type { Kernel } from '../../kernel/index.ts';
import { MODERATION_REQUESTS } from './contract.ts';
import { moderationHandlers } from './moderation-handlers.ts';
import { Restraints } from './restraints.ts';
import { RoomAdministration } from './room-administration.ts';
import { registerRoomRoutes } from './room-routes.ts';

/** Moderation, by moderators in their room and by the operator in any room. */
export function registerModeration(kernel: Kernel): void {
  const restraints = new Restraints();
  kernel.requests(MODERATION_REQUESTS, moderationHandlers(kernel, restraints), {
    audited: [
      'participant.mute',
      'participant.muteAll',
      'participant.stopVideo',
      'participant.kick',
      'participant.readmit',
    ],
  });
  kernel.snapshotPart('moderation', (room) => restraints.in(room));
  kernel.stopSending((room, participantId, source) => restraints.isDenied(room, participantId, source));
  kernel.follow((room, entry) => restraints.follow(room, entry));
  registerRoomRoutes(kernel, new RoomAdministration(kernel, restraints));
}
