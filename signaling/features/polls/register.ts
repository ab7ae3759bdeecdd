import type { Kernel } from '../../kernel/index.ts';
import { POLL_REQUESTS } from './contract.ts';
import { PollClock } from './poll-clock.ts';
import { accountExport, roomExport } from './poll-export.ts';
import { pollHandlers } from './poll-handlers.ts';
import { registerPollRoutes } from './poll-routes.ts';
import { Polls } from './polls.ts';

/** Polls in rooms: questions with answers to choose from, and their results. */
export function registerPolls(kernel: Kernel): void {
  const polls = new Polls({ store: kernel.store, rooms: kernel.rooms, scheduled: () => clock.check() });
  const clock = new PollClock(kernel, polls);
  kernel.requests(POLL_REQUESTS, pollHandlers(polls), { audited: ['poll.delete'] });
  registerPollRoutes(kernel, polls);
  kernel.entered.add(async ({ room, peer }) => {
    if (peer.participantId !== undefined) {
      await polls.admit(room, peer.principal.accountId);
    }
  });
  kernel.exports.ofAccount((accountId) => accountExport(polls, accountId));
  kernel.exports.ofRoom((roomId) => roomExport(polls, roomId));
  kernel.accountReplaced.add(({ from, to }) => polls.replaceAccount(from, to));
  kernel.accountDeleting.add((accountId) => polls.forgetAccount(accountId));
  kernel.roomDeleted.add(({ db, roomId }) => polls.store.forgetRoom(db, roomId));
  kernel.closing.add(() => clock.close());
}
