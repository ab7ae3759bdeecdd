import { CanopyError } from '../../../base/index.ts';
import {
  AccountRate,
  demand,
  type Handlers,
  requirePrincipal,
  requireSeat,
  type Session,
} from '../../kernel/index.ts';
import type { Breakouts, Member } from './breakouts.ts';
import type { BREAKOUT_REQUESTS } from './contract.ts';

/** Handlers for planning, opening and closing breakout rooms, and for those inside. */
export function breakoutHandlers(breakouts: Breakouts): Handlers<keyof typeof BREAKOUT_REQUESTS> {
  const changes = new AccountRate('changes of breakout rooms at once', { perSecond: 2, burst: 100 });
  const calls = new AccountRate('messages to breakout rooms at once', { perSecond: 0.2, burst: 5 });

  /** @throws {CanopyError} ROOM_NOT_JOINED, RATE_LIMITED; FORBIDDEN - it is a bridge */
  const requirePerson = (session: Session, rate: AccountRate): Member & { name: string } => {
    const principal = requirePrincipal(session);
    const { room, peer } = requireSeat(session);
    const participant = peer.participants.get(peer.participantId ?? '');
    if (principal.kind !== 'device' || !participant) {
      throw new CanopyError('FORBIDDEN', 'breakout rooms are for people only');
    }
    rate.take(principal);
    return { room, peer, principal, name: participant.displayName };
  };
  /** @throws {CanopyError} FORBIDDEN, and as requirePerson() */
  const requireManager = (session: Session, rate = changes) => {
    const member = requirePerson(session, rate);
    if (!breakouts.mayManage(member)) {
      demand(member.principal, 'breakout.manage', member.room.record);
      throw new CanopyError('FORBIDDEN', 'your role in the main room does not let you manage breakout rooms');
    }
    return member;
  };

  return {
    'breakout.plan': async (session, plan) => {
      await breakouts.plan(requireManager(session), plan);
      return {};
    },
    'breakout.assign': async (session, { personId, roomId }) => {
      await breakouts.assign(requireManager(session).room, personId, roomId);
      return {};
    },
    'breakout.open': async (session, { seconds }) => {
      await breakouts.open(requireManager(session).room, seconds);
      return {};
    },
    'breakout.close': async (session) => {
      await breakouts.close(requireManager(session).room);
      return {};
    },
    'breakout.discard': async (session) => {
      await breakouts.discard(requireManager(session).room);
      return {};
    },
    'breakout.choose': async (session, { roomId }) => {
      await breakouts.choose(requirePerson(session, changes), roomId);
      return {};
    },
    'breakout.message': async (session, { text }) => {
      const { room, name } = requireManager(session, calls);
      await breakouts.message(room, text, name);
      return {};
    },
    'breakout.help': async (session) => {
      const member = requirePerson(session, calls);
      await breakouts.help(member, member.name);
      return {};
    },
  };
}
