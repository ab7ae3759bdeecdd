export interface PollRow {
  poll_id: string;
  room_id: string;
  number: number;
  rev: number;
  status: 'draft' | 'open' | 'closed';
  /** Null, like the name: the account was deleted. */
  account_id: string | null;
  display_name: string | null;
  question: string;
  /** JSON: texts. */
  answers: string;
  /** 0 or 1. */
  multiple: number;
  anonymous: number;
  results: 'always' | 'voted' | 'closed';
  close_after_s: number | null;
  created_at_ms: number;
  opened_at_ms: number | null;
  closes_at_ms: number | null;
  closed_at_ms: number | null;
  /** Its last change of status, from which its retention counts. */
  changed_at_ms: number;
  /** Closed polls: how many voted, and JSON: how many chose each answer. */
  voters: number | null;
  counts: string | null;
}

/** Votes in open polls, and in closed ones that are not anonymous. */
export interface PollVoteRow {
  poll_id: string;
  account_id: string;
  /** Null in anonymous polls. */
  display_name: string | null;
  /** JSON: indices of the answers. */
  answers: string;
}

/** Since when accounts have been in a room that has polls: they see those that closed later. */
export interface PollViewerRow {
  room_id: string;
  account_id: string;
  since_ms: number;
}

declare module '../../store/tables.ts' {
  interface Tables {
    polls: PollRow;
    poll_votes: PollVoteRow;
    poll_viewers: PollViewerRow;
  }
}
