import type { Kernel } from '../../kernel/index.ts';
import { HAND_REQUESTS } from './contract.ts';
import { handHandlers } from './hand-handlers.ts';
import { Hands } from './hands.ts';

/** Raised hands: people ask to speak, and moderators see who asked first. */
export function registerHands(kernel: Kernel): void {
  const hands = new Hands();
  kernel.requests(HAND_REQUESTS, handHandlers(hands));
  kernel.snapshotPart('hands', (room) => hands.in(room));
}
