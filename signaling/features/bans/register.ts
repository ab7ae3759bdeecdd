import type { Kernel } from '../../kernel/index.ts';
import { banHandlers } from './ban-handlers.ts';
import { BanRecords } from './ban-records.ts';
import { registerBanRoutes } from './ban-routes.ts';
import { Bans } from './bans.ts';
import { BAN_REQUESTS } from './contract.ts';

/** Bans: accounts stay out of a room until a moderator or the operator lifts the ban. */
export function registerBans(kernel: Kernel): void {
  const records = new BanRecords(kernel.store);
  const bans = new Bans(records, kernel);
  kernel.requests(BAN_REQUESTS, banHandlers(bans), { audited: ['ban.add', 'ban.lift'] });
  kernel.entering.add(({ principal, room }) => bans.check(principal, room));
  kernel.knocking.add(({ linkId, room }) => bans.checkLink(linkId, room));
  kernel.accountDeleting.add((accountId) => records.forgetAccount(accountId));
  kernel.accountReplaced.add(({ from, to }) => records.copy(from, to));
  kernel.roomDeleted.add(async ({ db, roomId, committed }) => {
    await records.forgetRoom(db, roomId);
    committed.push(() => records.reread(roomId));
  });
  registerBanRoutes(kernel, bans);
}
