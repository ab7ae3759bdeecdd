import { AccountRate, type Handlers, requireRight, type Session } from '../../kernel/index.ts';
import type { Bans, Moderator } from './bans.ts';
import type { BAN_REQUESTS } from './contract.ts';

/** Changes of bans that an account may make at once, and per second after that: each one is written to disk. */
const CHANGES_AT_ONCE = 60;
const CHANGES_PER_SECOND = 1;

export function banHandlers(bans: Bans): Handlers<keyof typeof BAN_REQUESTS> {
  const rate = new AccountRate('bans', { perSecond: CHANGES_PER_SECOND, burst: CHANGES_AT_ONCE });
  return {
    'ban.add': async (session, { accountId, link, displayName }) => {
      rate.take(requireRight(session, 'participant.kick').principal);
      const account = await bans.requireAccount(accountId);
      // Again, since the moderator's rights may have changed meanwhile.
      const { room } = requireRight(session, 'participant.kick');
      await bans.add(room.record, account, { link, displayName }, moderatorOf(session));
      return {};
    },

    'ban.lift': async (session, { accountId }) => {
      const { principal, room } = requireRight(session, 'participant.readmit');
      rate.take(principal);
      await bans.lift(room.record, accountId, moderatorOf(session));
      return {};
    },

    'ban.list': async (session) => {
      const { room } = requireRight(session, 'participant.readmit');
      return { bans: await bans.list(room.record) };
    },
  };
}

function moderatorOf(session: Session): Moderator {
  const { principal, peer } = requireRight(session, 'room.enter');
  return { principal, displayName: peer.displayName };
}
