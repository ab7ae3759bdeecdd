import { z } from 'zod';

/** Why video is not forwarded at a higher quality. `full`: its tile cannot use more. */
export const roomAllocationReason = z.enum([
  'full',
  'budget',
  'estimate',
  'link',
  'stress',
  'paused',
  'steady',
  'sender',
]);
