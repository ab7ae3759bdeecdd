import {
  demand,
  type Handlers,
  type Kernel,
  mainRoomOf,
  type Peer,
  requireRight,
  requireRightFor,
} from '../../kernel/index.ts';
import type { MODERATION_REQUESTS } from './contract.ts';
import { muteAll, muteParticipant, removeParticipant, requireTarget, stopVideo } from './moderation.ts';
import type { Restraints } from './restraints.ts';

/** Handlers for moderating others in the same room. */
export function moderationHandlers(
  { rooms, log }: Kernel,
  restraints: Restraints,
): Handlers<keyof typeof MODERATION_REQUESTS> {
  return {
    'participant.mute': async (session, { participantId, muted, deny }) => {
      const { room, peer } = requireRight(session, 'participant.mute');
      await muteParticipant(restraints, requireTarget(room, participantId, byOf(peer)), muted, deny);
      return {};
    },

    'participant.muteAll': async (session, { except, onEntry, deny, participantId }) => {
      const { room, by } = requireRightFor(session, 'participant.mute', participantId);
      if (onEntry) {
        restraints.setEntryRule(room, deny ? 'denied' : 'muted', by);
      }
      await muteAll(restraints, { room, by, except, deny });
      return {};
    },

    'participant.allowAll': async (session) => {
      const { room, peer } = requireRight(session, 'participant.mute');
      restraints.allowAll(room, byOf(peer));
      return {};
    },

    'participant.stopVideo': async (session, { participantId, source, deny }) => {
      const { room, peer } = requireRight(session, 'participant.stopVideo');
      await stopVideo(restraints, requireTarget(room, participantId, byOf(peer)), source, deny);
      return {};
    },

    'participant.ask': async (session, { participantId, source }) => {
      const right = source === 'microphone' ? 'participant.mute' : 'participant.stopVideo';
      const { room, peer } = requireRight(session, right);
      const by = byOf(peer);
      const { host } = requireTarget(room, participantId, by);
      host.send('participant.asked', { participantId, source, by });
      restraints.allow(room, participantId, source, by);
      return {};
    },

    'participant.kick': async (session, { participantId }) => {
      const { principal, room, peer } = requireRight(session, 'participant.kick');
      const target = requireTarget(room, participantId, byOf(peer));
      demand(principal, 'participant.kick', room.record, target.host.principalOf(participantId));
      removeParticipant(rooms, target, log);
      return {};
    },

    'participant.readmit': async (session, { accountId }) => {
      const { room } = requireRight(session, 'participant.readmit');
      rooms.readmit(mainRoomOf(room.record), accountId);
      return {};
    },
  };
}

/** The moderator's participant. */
function byOf({ participantId }: Peer): string | null {
  return participantId ?? null;
}
