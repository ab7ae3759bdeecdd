import type { Kernel } from '../../kernel/index.ts';
import { SPOTLIGHT_REQUESTS } from './contract.ts';
import { Spotlight } from './spotlight.ts';
import { spotlightHandlers } from './spotlight-handlers.ts';

/** The spotlight: moderators choose who is shown large to everyone. */
export function registerSpotlight(kernel: Kernel): void {
  const spotlight = new Spotlight();
  kernel.requests(SPOTLIGHT_REQUESTS, spotlightHandlers(spotlight));
  kernel.snapshotPart('spotlight', (room) => spotlight.in(room));
}
