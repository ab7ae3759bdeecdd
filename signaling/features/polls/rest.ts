/** Bodies of the REST API for polls. Every request needs the API key. */
import { z } from 'zod';
import { objectId, roomParams } from '../../../contract/index.ts';
import { poll } from './contract.ts';

export const pollParams = roomParams.extend({ pollId: objectId });

/** `csv`: a line for each answer of each poll, and for each person who chose it in polls that are not anonymous. */
export const pollsQuery = z.object({ format: z.enum(['json', 'csv']).default('json') });

const result = poll.omit({ vote: true }).extend({
  /** For each answer, who chose it. Absent: the poll is anonymous. */
  voters: z.int(),
  voterNames: z.array(z.array(z.string())).optional(),
});
export type PollResult = z.infer<typeof result>;

export const pollResults = z.object({ polls: z.array(result) });
