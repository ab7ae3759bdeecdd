import type { Kernel } from '../../kernel/index.ts';
import { breakoutHandlers } from './breakout-handlers.ts';
import { Breakouts } from './breakouts.ts';
import { BREAKOUT_REQUESTS } from './contract.ts';

/** Breakout rooms: small rooms for a while, and everybody back. */
export function registerBreakouts(kernel: Kernel): void {
  const breakouts = new Breakouts(kernel);
  kernel.requests(BREAKOUT_REQUESTS, breakoutHandlers(breakouts), {
    audited: ['breakout.plan', 'breakout.open', 'breakout.close', 'breakout.discard'],
  });
  kernel.snapshotPart('breakouts', (room, peer) => breakouts.stateFor(room, peer));
  kernel.entering.add(({ principal, room }) => breakouts.admit(principal, room));
  kernel.follow((room, { kind, data }) => {
    // Whoever loses their room as the server stops comes back to it.
    if (kind === 'participant.joined' || (kind === 'participant.left' && data.reason !== 'closed')) {
      breakouts.moved(room);
    }
  });
  kernel.accountReplaced.add(({ from, to }) => breakouts.replaceAccount(from, to));
  kernel.followRemovals((removal) => breakouts.removed(removal));
  kernel.accountDeleting.add((accountId) => breakouts.forgetAccount(accountId));
  kernel.roomDeleted.add(async ({ db, roomId, committed }) => {
    committed.push(await breakouts.parentDeleted(db, roomId));
  });
  kernel.closing.add(() => breakouts.stop());
}
