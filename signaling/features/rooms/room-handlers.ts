import { CanopyError } from '../../../base/index.ts';
import {
  AccountRate,
  defaultPermissions,
  demand,
  describeRoom,
  type Handlers,
  type Kernel,
  requirePrincipal,
  requireRightFor,
  requireSeat,
} from '../../kernel/index.ts';
import type { ROOM_REQUESTS } from './contract.ts';
import type { RoomConfiguration } from './room-configuration.ts';
import type { RoomCreation } from './room-creation.ts';
import { deleteRoom } from './room-deletion.ts';
import { exportPath } from './room-export-routes.ts';
import { invitationOf } from './room-invitation.ts';
import type { RoomLists } from './room-lists.ts';
import type { RoomVisits } from './room-visits.ts';

/** Lists and invitations that an account may ask for at once, and per second after that. */
const MAX_READS = 60;
const READS_PER_SECOND = 4;

/** How long the URL of an export is valid, in milliseconds. */
const EXPORT_MS = 60_000;

export interface RoomsFeature {
  configuration: RoomConfiguration;
  creation: RoomCreation;
  lists: RoomLists;
  visits: RoomVisits;
}

/** Handlers for the rooms that people own. */
export function roomHandlers(kernel: Kernel, feature: RoomsFeature): Handlers<keyof typeof ROOM_REQUESTS> {
  const { configuration, creation, lists } = feature;
  const reads = new AccountRate('lists and invitations', { perSecond: READS_PER_SECOND, burst: MAX_READS });
  const exports = new AccountRate('exports', { perSecond: 1 / 300, burst: 5 });
  return {
    'room.create': (session, data) => {
      const principal = requirePrincipal(session);
      return creation.create(principal, { ...data, ownerId: principal.accountId });
    },

    'room.configure': (session, { roomId, participantId, ...change }) => {
      if (participantId === undefined) {
        return configuration.change(requirePrincipal(session), roomId, change);
      }
      const { principal, room } = requireRightFor(session, 'room.lock', participantId);
      if (room.roomId !== roomId) {
        throw new CanopyError('FORBIDDEN', 'the phone is in another room');
      }
      return configuration.change(principal, roomId, change);
    },

    'room.defaults': async (session) => {
      requirePrincipal(session);
      const { participantsPerRoom, resumeSeconds } = kernel.config.limits;
      const { video, videoLayout } = kernel.config.recording;
      return {
        permissions: defaultPermissions(),
        maxParticipants: participantsPerRoom,
        departureTimeout: resumeSeconds,
        recordingVideo: video,
        recordingVideoLayout: videoLayout,
      };
    },

    'room.list': async (session, { which, ...page }) => {
      const principal = requirePrincipal(session);
      reads.take(principal);
      switch (which) {
        case 'mine':
          return { rooms: await lists.mine(principal, page) };
        case 'upcoming':
          return { rooms: await lists.upcoming(principal, page.limit) };
        case 'recent':
          return { rooms: await lists.recent(principal, page) };
      }
    },

    'room.invitation': async (session, { roomId }) => {
      const principal = requirePrincipal(session);
      reads.take(principal);
      const record = await kernel.rooms.record(roomId);
      await kernel.demandAccess(principal, record);
      // It may name a number with a PIN of its own.
      kernel.entry.checkKnowsPin(principal, record);
      return { ics: await invitationOf(kernel, principal, describeRoom(record)) };
    },

    'room.handOver': async (session, { participantId }) => {
      const principal = requirePrincipal(session);
      const { room } = requireSeat(session);
      demand(principal, 'room.handOver', room.record);
      await configuration.handOver(principal, room, participantId);
      return {};
    },

    'room.export': async (session, { roomId }) => {
      const principal = requirePrincipal(session);
      const record = await kernel.rooms.record(roomId);
      demand(principal, 'room.configure', record);
      demand(principal, 'chat.readAll', record);
      exports.take(principal);
      const { accountId } = principal;
      return {
        url: kernel.urlTickets.url({ method: 'GET', path: exportPath(roomId), accountId }, EXPORT_MS),
      };
    },

    'room.delete': (session, { roomId }) => deleteRoom(kernel, feature, requirePrincipal(session), roomId),
  };
}
