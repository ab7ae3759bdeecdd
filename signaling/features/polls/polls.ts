import { randomUUID } from 'node:crypto';
import { CanopyError } from '../../../base/index.ts';
import { isNamed, may, type Peer, type PeerPrincipal, type Room, type Rooms } from '../../kernel/index.ts';
import type { Store } from '../../store/index.ts';
import type { PollForm, Voter } from './contract.ts';
import { PollStore } from './poll-store.ts';
import {
  countsOf,
  type PollState,
  RoomPolls,
  seesResults,
  type Viewer,
  viewOf,
  votersOf,
} from './room-polls.ts';
import type { PollRow } from './tables.ts';
import { VoteAnnouncer } from './vote-announcer.ts';

/** Maximum number of polls in a room, of those that are open at the same time, and of voters in one. */
const MAX_POLLS = 100;
const MAX_OPEN = 10;
const MAX_VOTERS = 5000;
/** Maximum number of polls that an account wrote, and on the server. */
const MAX_POLLS_OF_ACCOUNT = 500;
const MAX_POLLS_ON_SERVER = 20_000;
/** How many changes of one room may wait for the database. */
const MAX_WAITING = 200;

/** Phones see no polls, nor do bridges. */
const PEOPLE_ONLY = { peopleOnly: true };

/** Someone in a room who changes its polls. */
export interface Actor {
  room: Room;
  peer: Peer;
  principal: PeerPrincipal;
}

export interface PollsOptions {
  store: Store;
  rooms: Pick<Rooms, 'find' | 'all'>;
  /** A poll with a deadline was opened. */
  scheduled(): void;
  /** Unix time in milliseconds. */
  now?: () => number;
}

/**
 * The polls of all rooms. Changes of a room's polls run one after another: each is stored first, then applied to the state in memory and
 * announced. Rooms that are not open are read from the store for each change.
 */
export class Polls {
  readonly store: PollStore;
  readonly #rooms: PollsOptions['rooms'];
  readonly #scheduled: () => void;
  readonly #now: () => number;
  readonly #announcer = new VoteAnnouncer();
  /** The polls of open rooms, once somebody has asked for them. */
  readonly #states = new WeakMap<Room, RoomPolls>();
  /** The last change of each room, and how many wait. */
  readonly #queues = new Map<string, { last: Promise<unknown>; waiting: number }>();

  constructor({ store, rooms, scheduled, now = Date.now }: PollsOptions) {
    this.store = new PollStore(store);
    this.#rooms = rooms;
    this.#scheduled = scheduled;
    this.#now = now;
  }

  /** Records that an account is in a room that has polls: from now on it sees them. */
  admit(room: Room, accountId: string): Promise<void> {
    return this.#inRoom(room, async (polls) => {
      if (polls.polls.size > 0) {
        await this.#addViewers(room, polls, [accountId]);
      }
    });
  }

  /** A page of what somebody in the room sees, newest first. */
  async list(actor: Pick<Actor, 'room' | 'principal'>, page: { before?: number | undefined; limit: number }) {
    return this.#inRoom(actor.room, async (polls) => polls.page(viewerOf(actor), page));
  }

  /** @throws {CanopyError} LIMIT_REACHED, and the store's */
  async create(actor: Actor, form: PollForm, open: boolean): Promise<{ pollId: string }> {
    const { room, peer, principal } = actor;
    const pollId = randomUUID();
    const author = peer.participants.get(peer.participantId ?? '');
    if (!author) {
      throw new CanopyError('ROOM_NOT_JOINED');
    }
    await this.#inRoom(room, async (polls) => {
      await this.#requireSpace(polls, principal.accountId);
      const nowMs = this.#now();
      const draft: PollRow = {
        poll_id: pollId,
        room_id: room.roomId,
        number: polls.nextNumber,
        rev: 1,
        status: 'draft',
        account_id: principal.accountId,
        display_name: author.displayName,
        ...columnsOf(form),
        created_at_ms: nowMs,
        opened_at_ms: null,
        closes_at_ms: null,
        closed_at_ms: null,
        changed_at_ms: nowMs,
        voters: null,
        counts: null,
      };
      const row = open ? { ...draft, ...(await this.#opening(room, polls, draft)) } : draft;
      await this.store.insert(row);
      const state = polls.put(row);
      if (open) {
        this.#opened(room, state);
      } else {
        this.#drafted(room, state);
      }
    });
    return { pollId };
  }

  /** @throws {CanopyError} POLL_UNKNOWN, POLL_STARTED, FORBIDDEN */
  async edit(actor: Actor, pollId: string, form: PollForm): Promise<void> {
    await this.#inRoom(actor.room, async (polls) => {
      const { row } = ownOrManaged(actor, polls, pollId);
      requireDraft(row);
      const change = { ...columnsOf(form), rev: row.rev + 1, changed_at_ms: this.#now() };
      await this.store.update(pollId, change);
      this.#drafted(actor.room, polls.put({ ...row, ...change }));
    });
  }

  /** @throws {CanopyError} POLL_UNKNOWN, POLL_STARTED, FORBIDDEN, LIMIT_REACHED */
  async open(actor: Actor, pollId: string): Promise<void> {
    await this.#inRoom(actor.room, async (polls) => {
      const { row } = ownOrManaged(actor, polls, pollId);
      requireDraft(row);
      const change = await this.#opening(actor.room, polls, row);
      await this.store.update(pollId, change);
      this.#opened(actor.room, polls.put({ ...row, ...change }));
    });
  }

  /** @throws {CanopyError} POLL_UNKNOWN, POLL_NOT_OPEN, LIMIT_REACHED; BAD_REQUEST - answers that it does not have */
  async vote({ room, peer, principal }: Actor, pollId: string, answers: number[]): Promise<void> {
    const { accountId } = principal;
    await this.#inRoom(room, async (polls) => {
      const state = polls.seen(pollId, viewerOf({ room, principal }));
      if (!state) {
        throw new CanopyError('POLL_UNKNOWN');
      }
      const { row, votes } = state;
      if (row.status !== 'open' || (row.closes_at_ms ?? Number.POSITIVE_INFINITY) <= this.#now()) {
        throw new CanopyError('POLL_NOT_OPEN');
      }
      if (answers.some((index) => index >= state.answers.length) || (answers.length > 1 && !row.multiple)) {
        throw new CanopyError('BAD_REQUEST', 'answers: not among those of the poll, or too many');
      }
      const chosen = answers.toSorted((a, b) => a - b);
      if (JSON.stringify(votes.get(accountId)?.answers ?? []) === JSON.stringify(chosen)) {
        return;
      }
      if (!votes.has(accountId) && votes.size >= MAX_VOTERS) {
        throw new CanopyError('LIMIT_REACHED', `at most ${MAX_VOTERS} voters`);
      }
      const displayName = row.anonymous
        ? null
        : (peer.participants.get(peer.participantId ?? '')?.displayName ?? principal.displayName);
      const rev = row.rev + 1;
      await this.store.vote(rev, {
        poll_id: pollId,
        account_id: accountId,
        display_name: displayName,
        ...(chosen.length > 0 && { answers: JSON.stringify(chosen) }),
      });
      polls.put({ ...row, rev });
      if (chosen.length > 0) {
        votes.set(accountId, { displayName, answers: chosen });
      } else {
        votes.delete(accountId);
      }
      for (const each of room.peers.values()) {
        if (each.principal.accountId === accountId && each.participantId !== undefined) {
          each.send('poll.voted', { pollId, rev, answers: chosen });
        }
      }
      this.#announcer.add(room, polls, pollId);
    });
  }

  /** @throws {CanopyError} POLL_UNKNOWN, POLL_NOT_OPEN, FORBIDDEN */
  async close(actor: Actor, pollId: string): Promise<void> {
    await this.#inRoom(actor.room, async (polls) => {
      const state = ownOrManaged(actor, polls, pollId);
      if (state.row.status !== 'open') {
        throw new CanopyError('POLL_NOT_OPEN');
      }
      await this.#close(actor.room, polls, state, actor.peer.participantId ?? null);
    });
  }

  /** Closes an open poll, in any room. Does nothing if there is none. */
  async end(roomId: string, pollId: string): Promise<void> {
    await this.#run(roomId, async (polls, room) => {
      const state = polls.polls.get(pollId);
      if (state?.row.status === 'open') {
        await this.#close(room, polls, state, null);
      }
    });
  }

  /** @throws {CanopyError} POLL_UNKNOWN, FORBIDDEN */
  async delete(actor: Actor, pollId: string): Promise<void> {
    await this.#inRoom(actor.room, async (polls) => {
      ownOrManaged(actor, polls, pollId);
      await this.#delete(actor.room, polls, pollId);
    });
  }

  /** Deletes a poll, in any room. @throws {CanopyError} POLL_UNKNOWN */
  async remove(roomId: string, pollId: string): Promise<void> {
    await this.#run(roomId, async (polls, room) => {
      if (!polls.polls.has(pollId)) {
        throw new CanopyError('POLL_UNKNOWN');
      }
      await this.#delete(room, polls, pollId);
    });
  }

  /** Who chose each answer. @throws {CanopyError} POLL_UNKNOWN; FORBIDDEN - they may not know */
  async voters(actor: Pick<Actor, 'room' | 'principal'>, pollId: string): Promise<Voter[][]> {
    const state = await this.#inRoom(actor.room, async (polls) => polls.seen(pollId, viewerOf(actor)));
    if (!state) {
      throw new CanopyError('POLL_UNKNOWN');
    }
    if (state.row.anonymous || !seesResults(state, actor.principal.accountId)) {
      throw new CanopyError('FORBIDDEN', 'nobody is told who chose what in this poll, or not yet');
    }
    return this.votersFor(pollId, state.answers.length);
  }

  /** Who chose each answer of a poll, as far as that is stored. */
  async votersFor(pollId: string, answers: number): Promise<Voter[][]> {
    const votes = await this.store.votes(pollId, answers);
    return Array.from({ length: answers }, (_, index) =>
      votes.flatMap(({ account_id, display_name, answers: chosen }) =>
        display_name !== null && (JSON.parse(chosen) as number[]).includes(index)
          ? [{ accountId: account_id, displayName: display_name }]
          : [],
      ),
    );
  }

  /** All polls of a room, oldest first, for the operator. */
  async all(roomId: string): Promise<PollState[]> {
    return this.#run(roomId, async (polls) =>
      [...polls.polls.values()].sort((a, b) => a.row.number - b.row.number),
    );
  }

  /** Gives what an account wrote and chose to another one of the same person. */
  async replaceAccount(from: string, to: string): Promise<void> {
    await this.store.replaceAccount(from, to);
    for (const room of this.#rooms.all.filter((each) => this.#states.has(each))) {
      await this.#run(room.roomId, async (polls) => polls.replaceAccount(from, to));
    }
  }

  /** Forgets what an account wrote and chose. Its votes in closed polls still count. */
  async forgetAccount(accountId: string): Promise<void> {
    const voted = await this.store.forgetAccount(accountId);
    const open = this.#rooms.all.filter((room) => this.#states.has(room)).map(({ roomId }) => roomId);
    for (const roomId of new Set([...voted, ...open])) {
      await this.#run(roomId, async (polls, room) => {
        polls.viewers.delete(accountId);
        for (const { row, votes } of [...polls.polls.values()]) {
          if (row.account_id === accountId) {
            polls.put({ ...row, account_id: null, display_name: null });
          }
          if (votes.has(accountId) && row.status === 'open') {
            const rev = row.rev + 1;
            await this.store.vote(rev, { poll_id: row.poll_id, account_id: accountId, display_name: null });
            votes.delete(accountId);
            polls.put({ ...(polls.polls.get(row.poll_id)?.row ?? row), rev });
            if (room) {
              this.#announcer.add(room, polls, row.poll_id);
            }
          }
        }
      });
    }
  }

  /** What makes a draft an open poll. Whoever is inside now will see its results. @throws {CanopyError} LIMIT_REACHED */
  async #opening(room: Room, polls: RoomPolls, { rev, close_after_s }: PollRow) {
    if (polls.count('open') >= MAX_OPEN) {
      throw new CanopyError('LIMIT_REACHED', `at most ${MAX_OPEN} open polls in a room`);
    }
    await this.#addViewers(room, polls, peopleIn(room));
    const nowMs = this.#now();
    return {
      rev: rev + 1,
      status: 'open' as const,
      opened_at_ms: nowMs,
      closes_at_ms: close_after_s === null ? null : nowMs + close_after_s * 1000,
      changed_at_ms: nowMs,
    };
  }

  #opened(room: Room, state: PollState): void {
    append(room, () => room.append('poll.opened', { poll: viewOf(state, null) }, PEOPLE_ONLY));
    if (state.row.closes_at_ms !== null) {
      this.#scheduled();
    }
  }

  #drafted(room: Room, state: PollState): void {
    for (const peer of room.peers.values()) {
      const { principal } = peer;
      const isAuthor = principal.accountId === state.row.account_id;
      if (peer.participantId !== undefined && (isAuthor || may(principal, 'poll.manage', room.record))) {
        peer.send('poll.draft', { poll: viewOf(state, principal.accountId) });
      }
    }
  }

  async #close(room: Room | undefined, polls: RoomPolls, state: PollState, by: string | null): Promise<void> {
    const { row } = state;
    if (room) {
      // They see its results, even if recording their entry takes longer.
      await this.#addViewers(room, polls, peopleIn(room));
    }
    const nowMs = this.#now();
    const [voters, counts] = [votersOf(state), countsOf(state)];
    const change = {
      rev: row.rev + 1,
      status: 'closed' as const,
      closed_at_ms: nowMs,
      changed_at_ms: nowMs,
      voters,
      counts: JSON.stringify(counts),
    };
    await this.store.close(row, change);
    polls.put({ ...row, ...change }).votes.clear();
    append(room, () => {
      const { rev, closed_at_ms: closedAtMs } = change;
      room?.append('poll.closed', { pollId: row.poll_id, rev, closedAtMs, voters, counts, by }, PEOPLE_ONLY);
    });
  }

  async #delete(room: Room | undefined, polls: RoomPolls, pollId: string): Promise<void> {
    await this.store.delete(pollId);
    polls.polls.delete(pollId);
    append(room, () => room?.append('poll.deleted', { pollId }, PEOPLE_ONLY));
  }

  async #addViewers(room: Room, polls: RoomPolls, accountIds: readonly string[]): Promise<void> {
    const nowMs = this.#now();
    const isNew = (accountId: string) => !polls.viewers.has(accountId);
    const newcomers = [...new Set(accountIds)].filter(isNew);
    await this.store.addViewers(room.roomId, newcomers, nowMs);
    for (const accountId of newcomers) {
      polls.viewers.set(accountId, nowMs);
    }
  }

  /** @throws {CanopyError} LIMIT_REACHED */
  async #requireSpace(polls: RoomPolls, accountId: string): Promise<void> {
    if (polls.polls.size >= MAX_POLLS) {
      throw new CanopyError('LIMIT_REACHED', `at most ${MAX_POLLS} polls in a room; delete old ones`);
    }
    if ((await this.store.count(accountId)) >= MAX_POLLS_OF_ACCOUNT) {
      throw new CanopyError('LIMIT_REACHED', `at most ${MAX_POLLS_OF_ACCOUNT} polls of an account`);
    }
    if ((await this.store.count()) >= MAX_POLLS_ON_SERVER) {
      throw new CanopyError('LIMIT_REACHED', `at most ${MAX_POLLS_ON_SERVER} polls on this server`);
    }
  }

  async #inRoom<T>(room: Room, work: (polls: RoomPolls) => Promise<T>): Promise<T> {
    return this.#run(room.roomId, (polls, open) => {
      if (room.closed || open !== room) {
        throw new CanopyError('ROOM_NOT_JOINED');
      }
      return work(polls);
    });
  }

  /** Runs the changes of a room one after another. @throws {CanopyError} STORE_BUSY - too many wait */
  async #run<T>(roomId: string, work: (polls: RoomPolls, room: Room | undefined) => Promise<T>): Promise<T> {
    const queue = this.#queues.get(roomId) ?? { last: Promise.resolve(), waiting: 0 };
    if (queue.waiting >= MAX_WAITING) {
      throw new CanopyError('STORE_BUSY', `at most ${MAX_WAITING} changes of a room's polls at once`);
    }
    this.#queues.set(roomId, queue);
    queue.waiting += 1;
    const done = queue.last.then(async () => {
      const room = this.#rooms.find(roomId);
      const polls = (room && this.#states.get(room)) ?? new RoomPolls(await this.store.load(roomId));
      if (room) {
        this.#states.set(room, polls);
      }
      return work(polls, room);
    });
    queue.last = done.catch(() => undefined);
    try {
      return await done;
    } finally {
      queue.waiting -= 1;
      if (queue.waiting === 0) {
        this.#queues.delete(roomId);
      }
    }
  }
}

/** How somebody in a room sees its polls. */
function viewerOf({ room, principal }: Pick<Actor, 'room' | 'principal'>): Viewer {
  const { record } = room;
  return {
    accountId: principal.accountId,
    mayManage: may(principal, 'poll.manage', record),
    seesAll:
      record.chatHistory === 'all' || isNamed(principal, record) || may(principal, 'chat.readAll', record),
  };
}

/** A poll that somebody may change. @throws {CanopyError} POLL_UNKNOWN; FORBIDDEN - it is another's */
function ownOrManaged(actor: Actor, polls: RoomPolls, pollId: string): PollState {
  const viewer = viewerOf(actor);
  const state = polls.seen(pollId, viewer);
  if (!state) {
    throw new CanopyError('POLL_UNKNOWN');
  }
  if (state.row.account_id !== viewer.accountId && !viewer.mayManage) {
    throw new CanopyError('FORBIDDEN', 'people can only change their own polls');
  }
  return state;
}

/** @throws {CanopyError} POLL_STARTED */
function requireDraft({ status }: PollRow): void {
  if (status !== 'draft') {
    throw new CanopyError('POLL_STARTED');
  }
}

function columnsOf({ question, answers, multiple, anonymous, results, closeAfterSeconds }: PollForm) {
  return {
    question,
    answers: JSON.stringify(answers),
    multiple: Number(multiple),
    anonymous: Number(anonymous),
    results,
    close_after_s: closeAfterSeconds ?? null,
  };
}

/** The accounts of the people in a room. */
function peopleIn(room: Room): string[] {
  return [...room.peers.values()].flatMap(({ participantId, principal }) =>
    participantId === undefined ? [] : [principal.accountId],
  );
}

function append(room: Room | undefined, add: () => void): void {
  if (room && !room.closed) {
    add();
  }
}
