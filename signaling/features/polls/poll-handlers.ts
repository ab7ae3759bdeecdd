import { CanopyError } from '../../../base/index.ts';
import {
  AccountRate,
  type Handlers,
  may,
  requirePrincipal,
  requireRight,
  requireSeat,
  type Session,
} from '../../kernel/index.ts';
import type { POLL_REQUESTS } from './contract.ts';
import type { Actor, Polls } from './polls.ts';

/** Handlers for asking, voting and reading. */
export function pollHandlers(polls: Polls): Handlers<keyof typeof POLL_REQUESTS> {
  const changes = new AccountRate('changes of polls at once', { perSecond: 0.2, burst: 20 });
  const votes = new AccountRate('votes at once', { perSecond: 0.5, burst: 20 });
  const reads = new AccountRate('questions about polls at once', { perSecond: 2, burst: 30 });

  /** @throws {CanopyError} ROOM_NOT_JOINED, RATE_LIMITED; FORBIDDEN - it is a bridge */
  const requirePerson = (session: Session, rate: AccountRate): Actor => {
    const principal = requirePrincipal(session);
    const seat = requireSeat(session);
    if (principal.kind !== 'device') {
      throw new CanopyError('FORBIDDEN', 'polls are for people only');
    }
    rate.take(principal);
    return { ...seat, principal };
  };
  const requireAuthor = (session: Session): Actor => {
    requireRight(session, 'poll.create');
    return requirePerson(session, changes);
  };

  return {
    'poll.list': async (session, page) => {
      const actor = requirePerson(session, reads);
      const { principal, room } = actor;
      return {
        ...(await polls.list(actor, page)),
        mayCreate: may(principal, 'poll.create', room.record),
        mayVote: may(principal, 'poll.vote', room.record),
        mayManage: may(principal, 'poll.manage', room.record),
      };
    },
    'poll.create': async (session, { open, ...form }) => polls.create(requireAuthor(session), form, open),
    'poll.edit': async (session, { pollId, ...form }) => {
      await polls.edit(requireAuthor(session), pollId, form);
      return {};
    },
    'poll.open': async (session, { pollId }) => {
      await polls.open(requireAuthor(session), pollId);
      return {};
    },
    'poll.vote': async (session, { pollId, answers }) => {
      requireRight(session, 'poll.vote');
      await polls.vote(requirePerson(session, votes), pollId, answers);
      return {};
    },
    // Whoever may no longer ask may still end what they asked.
    'poll.close': async (session, { pollId }) => {
      await polls.close(requirePerson(session, changes), pollId);
      return {};
    },
    'poll.delete': async (session, { pollId }) => {
      await polls.delete(requirePerson(session, changes), pollId);
      return {};
    },
    'poll.voters': async (session, { pollId }) => ({
      answers: await polls.voters(requirePerson(session, reads), pollId),
    }),
  };
}
