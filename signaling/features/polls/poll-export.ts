import type { PollResult } from './rest.ts';

const COLUMNS = ['question', 'status', 'opened', 'closed', 'voters', 'answer', 'votes', 'names'];

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
