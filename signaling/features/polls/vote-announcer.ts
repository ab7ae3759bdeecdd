import type { Room } from '../../kernel/index.ts';
import { countsOf, type PollState, type RoomPolls, seesResults, votersOf } from './room-polls.ts';

/** Time between two events about a room's votes, in milliseconds. */
const GATHER_MS = 300;

/** Tells the people in a room how the votes stand: gathered, so that many voters cost no more than a few. */
export class VoteAnnouncer {
  /** By room, while its next event is due: the polls whose votes have changed. */
  readonly #changed = new WeakMap<Room, Set<string>>();

  /** The votes in a poll have changed. Sent at once if the last time is long enough ago. */
  add(room: Room, polls: RoomPolls, pollId: string): void {
    const due = this.#changed.get(room);
    if (due) {
      due.add(pollId);
    } else {
      this.#send(room, polls, new Set([pollId]));
    }
  }

  #send(room: Room, polls: RoomPolls, pollIds: ReadonlySet<string>): void {
    for (const pollId of pollIds) {
      const state = polls.polls.get(pollId);
      if (state?.row.status === 'open') {
        sendTo(room, state);
      }
    }
    const next = new Set<string>();
    this.#changed.set(room, next);
    setTimeout(() => {
      if (next.size > 0 && !room.closed) {
        this.#send(room, polls, next);
      } else {
        this.#changed.delete(room);
      }
    }, GATHER_MS).unref();
  }
}

function sendTo(room: Room, state: PollState): void {
  const votes = { pollId: state.row.poll_id, rev: state.row.rev, voters: votersOf(state) };
  const counts = countsOf(state);
  for (const peer of room.peers.values()) {
    // Bridges have nobody who reads.
    if (peer.participantId !== undefined) {
      const isShown = seesResults(state, peer.principal.accountId);
      peer.send('poll.votes', { ...votes, ...(isShown && { counts }) });
    }
  }
}
