/** Polls in a room: a question with answers to choose from. */
import { z } from 'zod';
import {
  cleanText,
  displayableText,
  displayName,
  logged,
  nothing,
  objectId,
  sha256Hex,
} from '../../../contract/index.ts';

/** Maximum length of a question and of an answer, in UTF-16 code units. */
const MAX_QUESTION = 300;
const MAX_ANSWER = 100;
const MIN_ANSWERS = 2;
const MAX_ANSWERS = 12;
/** Maximum number of polls per answer of `poll.list`. */
const MAX_PAGE = 20;

const oneLine = (text: string) => displayableText(text).replaceAll('\n', ' ');
const answerText = cleanText(MAX_ANSWER, oneLine).min(1, 'no visible characters');
const answerIndex = z
  .int()
  .min(0)
  .max(MAX_ANSWERS - 1);

/** What the author of a poll chooses. */
const form = {
  question: cleanText(MAX_QUESTION, oneLine).min(1, 'no visible characters'),
  answers: z
    .array(answerText)
    .min(MIN_ANSWERS)
    .max(MAX_ANSWERS)
    .refine((answers) => new Set(answers).size === answers.length, { error: 'two answers are the same' }),
  /** Whether people may choose several answers. */
  multiple: z.boolean().default(false),
  /** Whether votes are secret. */
  anonymous: z.boolean().default(false),
  /** When people see the results: at any time, once they have voted, or once the poll is closed. Its author always sees them. */
  results: z.enum(['always', 'voted', 'closed']).default('always'),
  /** Closes by itself this long after it was opened, in seconds: 10 s to 7 days. */
  closeAfterSeconds: z
    .int()
    .min(10)
    .max(7 * 86_400)
    .optional(),
};
export const pollForm = z.object(form);
export type PollForm = z.infer<typeof pollForm>;

const rev = z.int().min(1);
/** How many chose each answer. */
const counts = z.array(z.int());

export const poll = z.object({
  pollId: objectId,
  /** Its position among the polls of the room; grows, with gaps. */
  number: z.int().min(1),
  /** Grows with every change of the poll and its votes. */
  rev,
  /** `draft`: only its author and moderators see it. */
  status: z.enum(['draft', 'open', 'closed']),
  /** Null: the account was deleted. */
  author: z.object({ accountId: sha256Hex, displayName }).nullable(),
  question: z.string(),
  answers: z.array(z.string()),
  multiple: z.boolean(),
  anonymous: z.boolean(),
  results: form.results.unwrap(),
  closeAfterSeconds: z.int().optional(),
  /** Unix times in milliseconds. */
  createdAtMs: z.number(),
  openedAtMs: z.number().optional(),
  /** When an open poll closes by itself. */
  closesAtMs: z.number().optional(),
  closedAtMs: z.number().optional(),
  /** How many have voted. */
  voters: z.int(),
  /** Absent: this account may not see the results yet. */
  counts: counts.optional(),
  /** Open polls: what this account chose, by index. Empty: nothing. */
  vote: z.array(answerIndex).optional(),
});
export type Poll = z.infer<typeof poll>;

/** Someone who voted. */
const voter = z.object({ accountId: sha256Hex, displayName });
export type Voter = z.infer<typeof voter>;

export const POLL_REQUESTS = {
  /**
   * The polls of the room, newest first: send it after every join. The first page has all that are open or drafts. Closed ones are listed to
   * those who were in the room while they were open, and to everyone who may read the whole chat.
   */
  'poll.list': {
    data: z.object({
      before: z.int().min(1).optional(),
      limit: z.int().min(1).max(MAX_PAGE).default(MAX_PAGE),
    }),
    result: z.object({
      polls: z.array(poll),
      /** Whether there are older ones. Continue with the least `number` of a closed poll as `before`. */
      more: z.boolean(),
      mayCreate: z.boolean(),
      mayVote: z.boolean(),
      /** Whether they may change, close and delete polls of others. */
      mayManage: z.boolean(),
    }),
  },
  /** Creates a poll, and opens it or keeps it as a draft. */
  'poll.create': { data: z.object({ ...form, open: z.boolean() }), result: z.object({ pollId: objectId }) },
  /** Changes a draft. */
  'poll.edit': { data: z.object({ pollId: objectId, ...form }), result: nothing },
  /** Opens a draft: everyone in the room may vote. */
  'poll.open': { data: z.object({ pollId: objectId }), result: nothing },
  /** Votes, or replaces this account's earlier vote, in an open poll. Without answers: takes it back. */
  'poll.vote': {
    data: z.object({
      pollId: objectId,
      answers: z
        .array(answerIndex)
        .max(MAX_ANSWERS)
        .refine((answers) => new Set(answers).size === answers.length, { error: 'the same answer twice' }),
    }),
    result: nothing,
  },
  /** Closes an open poll: its results are final, and everyone sees them. */
  'poll.close': { data: z.object({ pollId: objectId }), result: nothing },
  /** Deletes a poll with its votes. */
  'poll.delete': { data: z.object({ pollId: objectId }), result: nothing },
  /** Who chose what in a poll that is not anonymous and whose results this account may see, for each answer. */
  'poll.voters': {
    data: z.object({ pollId: objectId }),
    result: z.object({
      /** At most 500 for each answer. Accounts that were deleted are missing, although they still count. */
      answers: z.array(z.array(voter)),
    }),
  },
} as const;

export const POLL_EVENTS = {
  /** A poll was opened. Bridges get only the position in the log. */
  'poll.opened': logged({ poll }),
  /** A poll was closed. `by`: the participant who closed it; null: its time was over, or the operator did. */
  'poll.closed': logged({
    pollId: objectId,
    rev,
    closedAtMs: z.number(),
    voters: z.int(),
    counts,
    by: objectId.nullable(),
  }),
  'poll.deleted': logged({ pollId: objectId }),
  /** The votes in an open poll have changed; sent at most about three times per second. `counts`: if this account may see the results. */
  'poll.votes': z.object({ pollId: objectId, rev, voters: z.int(), counts: counts.optional() }),
  /** What this account has chosen, perhaps on another device. */
  'poll.voted': z.object({ pollId: objectId, rev, answers: z.array(answerIndex) }),
  /** A new or changed draft, for its author and moderators. */
  'poll.draft': z.object({ poll }),
} as const;

type PollRequests = typeof POLL_REQUESTS;
type PollEvents = typeof POLL_EVENTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends PollRequests {}
  interface Events extends PollEvents {}
}
