import type { Poll } from '../../../sdk/index.ts';
import { type PollsModel, saveFile } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';

/** Offers the results of a poll as a file to save, with names if the poll is not anonymous. */
export async function saveResults({ polls }: PollsModel, poll: Poll): Promise<void> {
  const names = poll.anonymous ? [] : await polls.voters(poll.pollId);
  const lines = poll.answers.map((answer, index) => [
    poll.question,
    answer,
    String(poll.counts?.[index] ?? 0),
    (names[index] ?? []).map(({ displayName }) => displayName).join('; '),
  ]);
  const text = [strings.value.polls.csv, ...lines]
    .map((line) => `${line.map(cellOf).join(',')}\r\n`)
    .join('');
  // Spreadsheets recognise UTF-8 by the mark.
  saveFile('poll.csv', `\ufeff${text}`, 'text/csv;charset=utf-8');
}

/** A quoted cell. An apostrophe keeps spreadsheets from taking what people wrote for a formula. */
function cellOf(text: string): string {
  const safe = /^[=+\-@]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}
