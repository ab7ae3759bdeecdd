import { type Handlers, requireRight, type Session } from '../../kernel/index.ts';
import type { Bans, Moderator } from './bans.ts';
import type { BAN_REQUESTS } from './contract.ts';

export function banHandlers(bans: Bans): Handlers<keyof typeof BAN_REQUESTS> {
  return {
    'ban.add': async (session, { accountId, link }) => {
      requireRight(session, 'participant.kick');
      const account = await bans.requireAccount(accountId);
      // Again, since the moderator's rights may have changed meanwhile.
      const { room } = requireRight(session, 'participant.kick');
      await bans.add(room.record, account, link, moderatorOf(session));
      return {};
    },

    'ban.lift': async (session, { accountId }) => {
      const { room } = requireRight(session, 'participant.readmit');
      await bans.lift(room.roomId, accountId, moderatorOf(session));
      return {};
    },

    'ban.list': async (session) => {
      const { room } = requireRight(session, 'participant.readmit');
      return { bans: await bans.list(room.roomId) };
    },
  };
}

function moderatorOf(session: Session): Moderator {
  const { principal, peer } = requireRight(session, 'room.enter');
  return { principal, displayName: peer.displayName };
}
