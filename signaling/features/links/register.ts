import { CanopyError } from '../../../base/index.ts';
import { type Kernel, StrangerRate } from '../../kernel/index.ts';
import { LINK_REQUESTS } from './contract.ts';
import { LinkAdministration } from './link-administration.ts';
import { linkHandlers } from './link-handlers.ts';
import { registerLinkRoutes, registerOpenedLinkRoute } from './link-routes.ts';
import { type Enrolment, Lobby } from './lobby.ts';
import { linkMetrics } from './metrics.ts';
import { RoomLinks } from './room-links.ts';

/** The file with the key from which the secrets of links are derived. */
export const LINKS_KEY = 'links.key';

/** How often links that have long been invalid are deleted, in milliseconds. */
const PRUNE_MS = 3_600_000;

/** Links to rooms that any number of people can use, and the lobbies where they wait to be admitted. */
export function registerLinks(
  kernel: Kernel,
  enrolment: Enrolment & { forgetByLink(beforeMs: number): Promise<void> },
): void {
  const links = new RoomLinks({
    store: kernel.store,
    key: kernel.secret(LINKS_KEY),
    guestsPerHour: kernel.config.limits.guestsPerLink,
  });
  const lobby = new Lobby(kernel, links, enrolment);
  const administration = new LinkAdministration(kernel, links, lobby);
  const rate = new StrangerRate();
  kernel.requests(LINK_REQUESTS, linkHandlers(kernel, { administration, links, lobby, rate }), {
    anonymous: ['lobby.knock', 'lobby.cancel'],
    audited: ['link.create', 'link.renew', 'link.withdraw', 'lobby.admit', 'lobby.deny'],
    // A retry after a reconnect must wait on the new connection.
    perConnection: ['lobby.knock', 'lobby.cancel'],
  });
  kernel.joinUrl = async (principal, roomId, untilMs) => {
    try {
      return await administration.obtain(principal, roomId, untilMs);
    } catch (error) {
      if (
        ['FORBIDDEN', 'LOBBY_REQUIRED', 'BANNED', 'KICKED', 'LIMIT_REACHED', 'RATE_LIMITED'].includes(
          CanopyError.from(error).code,
        )
      ) {
        return undefined;
      }
      throw error;
    }
  };
  kernel.roomDeleted.add(async ({ db, roomId, committed }) => {
    await links.forgetRoom(db, roomId);
    committed.push(() => lobby.endRoom(roomId));
  });
  kernel.snapshotPart('lobby', (room, peer) => lobby.seenBy(room, peer));
  registerLinkRoutes(kernel, administration);
  registerOpenedLinkRoute(kernel, links, rate);
  linkMetrics(kernel.registry, lobby);
  kernel.accountReplaced.add(({ from, to }) => links.replaceAccount(from, to));
  const endLinksFrom = async (accountId: string, roomId?: string) => {
    for (const linkId of await links.withdrawFrom(accountId, roomId)) {
      await lobby.endLink(linkId);
    }
  };
  // Otherwise the owner of a revoked account could return through the lobby.
  kernel.accountRevoked.add(async (accountId) => {
    lobby.forgetAccount(accountId);
    await endLinksFrom(accountId);
  });
  kernel.accountDeleting.add((accountId) => links.forgetAccount(accountId));
  // They might know their own links by heart, or have given them to others.
  kernel.accountBanned.add(({ accountId, roomId }) => endLinksFrom(accountId, roomId));
  const prune = async () => {
    await links.prune();
    await enrolment.forgetByLink(Date.now() - PRUNE_MS * 24);
  };
  const timer = setInterval(() => {
    prune().catch((error: unknown) => kernel.log.warn({ err: error }, 'could not delete old room links'));
  }, PRUNE_MS);
  timer.unref();
  kernel.closing.add(() => clearInterval(timer));
}
