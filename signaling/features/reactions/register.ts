import type { Kernel } from '../../kernel/index.ts';
import { REACTION_REQUESTS } from './contract.ts';
import { reactionHandlers } from './reaction-handlers.ts';
import { Reactions } from './reactions.ts';

/** Reactions: people applaud without interrupting. */
export function registerReactions(kernel: Kernel): void {
  const reactions = new Reactions(kernel);
  kernel.requests(REACTION_REQUESTS, reactionHandlers(reactions));
  kernel.follow((room, { kind, data }) => {
    if (kind === 'participant.left') {
      reactions.left(room, data.participantId);
    }
  });
}
