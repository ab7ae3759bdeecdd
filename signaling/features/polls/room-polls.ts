import type { Poll } from './contract.ts';
import type { StoredPolls } from './poll-store.ts';
import type { PollRow } from './tables.ts';

/** Somebody who looks at polls. */
export interface Viewer {
  accountId: string;
  /** Whether they may change, close and delete polls of others, and so see their drafts. */
  mayManage: boolean;
  /** Whether they see polls that were closed before they first came. */
  seesAll: boolean;
}

/** A vote in an open poll. */
export interface Vote {
  /** Null in an anonymous poll. */
  displayName: string | null;
  answers: number[];
}

/** A poll of an open room, with the votes while it is open. */
export interface PollState {
  row: PollRow;
  answers: string[];
  /** By account. */
  votes: Map<string, Vote>;
}

/** The polls of a room, as they are in the store. */
export class RoomPolls {
  readonly polls = new Map<string, PollState>();
  /** Since when each account has seen polls here. Unix times in milliseconds. */
  readonly viewers: Map<string, number>;

  constructor({ polls, votes, viewers }: StoredPolls) {
    this.viewers = viewers;
    for (const row of polls) {
      this.put(row);
    }
    for (const { poll_id, account_id, display_name, answers } of votes) {
      this.polls
        .get(poll_id)
        ?.votes.set(account_id, { displayName: display_name, answers: JSON.parse(answers) });
    }
  }

  put(row: PollRow): PollState {
    const state = {
      row,
      answers: JSON.parse(row.answers) as string[],
      votes: this.polls.get(row.poll_id)?.votes ?? new Map<string, Vote>(),
    };
    this.polls.set(row.poll_id, state);
    return state;
  }

  replaceAccount(from: string, to: string): void {
    move(this.viewers, from, to);
    for (const { row, votes } of [...this.polls.values()]) {
      move(votes, from, to);
      if (row.account_id === from) {
        this.put({ ...row, account_id: to });
      }
    }
  }

  count(status: PollRow['status']): number {
    return [...this.polls.values()].filter(({ row }) => row.status === status).length;
  }

  /** The number of a new poll. */
  get nextNumber(): number {
    return Math.max(0, ...[...this.polls.values()].map(({ row }) => row.number)) + 1;
  }

  /** The poll, if this person may see it. */
  seen(pollId: string, viewer: Viewer): PollState | undefined {
    const state = this.polls.get(pollId);
    return state && this.#sees(state, viewer) ? state : undefined;
  }

  /** A page of what this person sees, newest first. The first one has all drafts and open polls. */
  page(viewer: Viewer, { before, limit }: { before?: number | undefined; limit: number }) {
    const visible = [...this.polls.values()]
      .filter((state) => this.#sees(state, viewer))
      .sort((a, b) => b.row.number - a.row.number);
    const closed = visible.filter(
      ({ row }) => row.status === 'closed' && (before === undefined || row.number < before),
    );
    const listed =
      before === undefined
        ? [...visible.filter(({ row }) => row.status !== 'closed'), ...closed.slice(0, limit)]
        : closed.slice(0, limit);
    return { polls: listed.map((state) => viewOf(state, viewer.accountId)), more: closed.length > limit };
  }

  #sees({ row }: PollState, { accountId, mayManage, seesAll }: Viewer): boolean {
    if (row.status === 'draft') {
      return row.account_id === accountId || mayManage;
    }
    const sinceMs = this.viewers.get(accountId) ?? Number.POSITIVE_INFINITY;
    return (
      row.status === 'open' || seesAll || row.account_id === accountId || sinceMs <= (row.closed_at_ms ?? 0)
    );
  }
}

function move<V>(map: Map<string, V>, from: string, to: string): void {
  const value = map.get(from);
  if (value !== undefined) {
    map.delete(from);
    map.set(to, value);
  }
}

/** Whether an account sees how many chose each answer. */
export function seesResults({ row, votes }: PollState, accountId: string): boolean {
  return (
    row.status === 'closed' ||
    row.results === 'always' ||
    row.account_id === accountId ||
    (row.results === 'voted' && votes.has(accountId))
  );
}

export function votersOf({ row, votes }: PollState): number {
  return row.voters ?? votes.size;
}

/** How many chose each answer. */
export function countsOf({ row, answers, votes }: PollState): number[] {
  if (row.counts !== null) {
    return JSON.parse(row.counts);
  }
  const counts = answers.map(() => 0);
  for (const vote of votes.values()) {
    for (const index of vote.answers) {
      counts[index] = (counts[index] ?? 0) + 1;
    }
  }
  return counts;
}

/** A poll as an account sees it; null: as everyone does. */
export function viewOf(state: PollState, accountId: string | null): Poll {
  const { row, answers, votes } = state;
  return {
    pollId: row.poll_id,
    number: row.number,
    rev: row.rev,
    status: row.status,
    author:
      row.account_id === null || row.display_name === null
        ? null
        : { accountId: row.account_id, displayName: row.display_name },
    question: row.question,
    answers,
    multiple: row.multiple === 1,
    anonymous: row.anonymous === 1,
    results: row.results,
    ...(row.close_after_s !== null && { closeAfterSeconds: row.close_after_s }),
    createdAtMs: row.created_at_ms,
    ...(row.opened_at_ms !== null && { openedAtMs: row.opened_at_ms }),
    ...(row.status === 'open' && row.closes_at_ms !== null && { closesAtMs: row.closes_at_ms }),
    ...(row.closed_at_ms !== null && { closedAtMs: row.closed_at_ms }),
    voters: votersOf(state),
    ...(accountId !== null && seesResults(state, accountId) && { counts: countsOf(state) }),
    ...(accountId !== null && row.status === 'open' && { vote: votes.get(accountId)?.answers ?? [] }),
  };
}
