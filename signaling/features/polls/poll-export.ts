import { Readable } from 'node:stream';
import { DELETED_ACCOUNT, type ExportEntry, jsonEntry, jsonListEntry } from '../../kernel/index.ts';
import type { Polls } from './polls.ts';
import type { PollResult } from './rest.ts';
import { countsOf, viewOf } from './room-polls.ts';

const COLUMNS = ['question', 'status', 'opened', 'closed', 'voters', 'answer', 'votes', 'names', 'author'];

/** All polls of a room with their results, oldest first. */
export async function resultsOf(polls: Polls, roomId: string): Promise<PollResult[]> {
  const results: PollResult[] = [];
  for (const state of await polls.all(roomId)) {
    const { answers, row } = state;
    const voters = row.anonymous ? undefined : await polls.votersFor(row.poll_id, answers.length);
    results.push({
      ...viewOf(state, null),
      counts: countsOf(state),
      ...(voters && { voterNames: voters.map((names) => names.map(({ displayName }) => displayName)) }),
    });
  }
  return results;
}

/** The polls of a room, without drafts, and without results that not everyone in the room sees yet. */
export async function* roomExport(polls: Polls, roomId: string): AsyncIterable<ExportEntry> {
  const asked = (await resultsOf(polls, roomId)).filter(({ status }) => status !== 'draft');
  const seen = asked.map(({ counts, voterNames, ...poll }) =>
    poll.status === 'closed' || poll.results === 'always'
      ? { ...poll, ...(counts && { counts }), ...(voterNames && { voterNames }) }
      : poll,
  );
  if (seen.length > 0) {
    yield jsonEntry('polls/polls.json', seen);
    yield { path: 'polls/polls.csv', content: Readable.from([csvOf(seen)]) };
  }
}

/** The polls that an account asked or voted in, as it sees them, with what it chose. */
export async function* accountExport(polls: Polls, accountId: string): AsyncIterable<ExportEntry> {
  yield jsonListEntry('polls.json', pollsOf(polls, accountId));
}

async function* pollsOf(polls: Polls, accountId: string): AsyncIterable<unknown> {
  const chosen = await polls.store.votesOf(accountId);
  for (const roomId of await polls.store.roomsOf(accountId)) {
    for (const state of await polls.all(roomId)) {
      const vote = chosen.get(state.row.poll_id);
      if (vote || state.row.account_id === accountId) {
        yield { roomId, ...viewOf(state, accountId), ...(vote && { vote }) };
      }
    }
  }
}

/** Results as comma-separated values (RFC 4180), a line for each answer. Times are in UTC. */
export function csvOf(polls: readonly PollResult[]): string {
  const lines = polls.flatMap((poll) =>
    poll.answers.map((answer, index) => [
      poll.question,
      poll.status,
      timeOf(poll.openedAtMs),
      timeOf(poll.closedAtMs),
      String(poll.voters),
      answer,
      String(poll.counts?.[index] ?? ''),
      (poll.voterNames?.[index] ?? []).join('; '),
      poll.author?.displayName ?? DELETED_ACCOUNT,
    ]),
  );
  return [COLUMNS, ...lines].map((line) => `${line.map(cellOf).join(',')}\r\n`).join('');
}

function timeOf(timeMs: number | undefined): string {
  return timeMs === undefined ? '' : new Date(timeMs).toISOString();
}

/** A quoted cell. An apostrophe keeps spreadsheets from taking what people wrote for a formula. */
function cellOf(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}
