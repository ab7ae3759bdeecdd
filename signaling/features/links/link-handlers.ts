import { CanopyError } from '../../../base/index.ts';
import {
  type Handlers,
  type Kernel,
  requirePrincipal,
  requireRight,
  type Session,
  type StrangerRate,
} from '../../kernel/index.ts';
import type { LINK_REQUESTS } from './contract.ts';
import type { LinkAdministration } from './link-administration.ts';
import type { Lobby } from './lobby.ts';
import type { RoomLinks } from './room-links.ts';
import type { RoomLinkRow } from './tables.ts';
import { byAddressOf } from './way.ts';

/** Handlers for room links and lobbies. */
export function linkHandlers(
  kernel: Kernel,
  {
    administration,
    links,
    lobby,
    rate,
  }: { administration: LinkAdministration; links: RoomLinks; lobby: Lobby; rate: StrangerRate },
): Handlers<keyof typeof LINK_REQUESTS> {
  return {
    'link.create': (session, { roomId, ...limits }) =>
      administration.create(requirePrincipal(session), roomId, limits),

    'link.list': (session, { roomId }) => administration.list(requirePrincipal(session), roomId),

    'link.renew': (session, { linkId, ...limits }) =>
      administration.renew(requirePrincipal(session), linkId, limits),

    'link.withdraw': async (session, { linkId }) => {
      await administration.withdraw(requirePrincipal(session), linkId);
      return {};
    },

    'lobby.knock': async (session, { secret, roomId, displayName, key }) => {
      if (kernel.draining) {
        throw new CanopyError('SERVER_CLOSING');
      }
      if ((secret === undefined) === (roomId === undefined)) {
        throw new CanopyError('BAD_REQUEST', 'name either a link by its secret or a room');
      }
      const { principal } = session;
      const admitsStrangers = kernel.config.identity.policy === 'tofu';
      if (
        !principal &&
        (displayName === undefined || key === undefined || (secret === undefined && !admitsStrangers))
      ) {
        throw new CanopyError('AUTH_REQUIRED', 'without an account: secret, displayName and key');
      }
      const network = networkOf(session);
      rate.take(network);
      const link = secret === undefined ? undefined : await find(links, secret, () => rate.guessed(network));
      const isStranger = !principal && roomId !== undefined;
      return lobby.knock(session, {
        roomId: link?.room_id ?? roomId ?? '',
        way: isStranger ? byAddressOf(roomId) : link,
        key: principal ? `account ${principal.accountId}` : `key ${key}`,
        displayName: displayName ?? '',
      });
    },

    'lobby.cancel': async (session) => {
      lobby.cancel(session);
      return {};
    },

    'lobby.admit': async (session, { waitIds }) => {
      const { room, peer } = requireRight(session, 'lobby.admit');
      return { waitIds: await lobby.admit(room.roomId, waitIds, peer.participantId ?? null) };
    },

    'lobby.deny': async (session, { waitIds }) => {
      const { room, peer } = requireRight(session, 'lobby.admit');
      return { waitIds: lobby.deny(room.roomId, waitIds, peer.participantId ?? null) };
    },
  };
}

function networkOf({ holder }: Session): string {
  return holder.address ?? '';
}

/** The link with this secret; reports a secret that leads nowhere. */
export async function find(links: RoomLinks, secret: string, onUnknown: () => void): Promise<RoomLinkRow> {
  try {
    return await links.find(secret);
  } catch (error) {
    if (CanopyError.from(error).code === 'LINK_UNKNOWN') {
      onUnknown();
    }
    throw error;
  }
}
