import type {
  EventData,
  EventName,
  RequestInput,
  RequestName,
  RequestResult,
} from '../../../contract/index.ts';
import type { CanopyError } from '../../../contract/light.ts';
import { Emitter } from '../emitter.ts';
import { Reconciler } from '../reconciler.ts';

export type Poll = RequestResult<'poll.list'>['polls'][number];
/** What the author of a poll chooses. */
export type PollForm = Omit<RequestInput<'poll.create'>, 'open'>;
export type PollVoter = RequestResult<'poll.voters'>['answers'][number][number];

export interface PollEvents {
  /** The polls, their votes or what this user may do has changed. */
  changed: [];
  /** A poll was opened just now, perhaps by this user. */
  opened: [poll: Poll];
  /** A poll was closed just now: its results are final. */
  closed: [poll: Poll];
}

export interface PollsHost {
  readonly accountId: string;
  request<N extends RequestName>(name: N, data: RequestInput<N>): Promise<RequestResult<N>>;
  onServerEvent<N extends EventName>(name: N, apply: (data: EventData<N>) => void): void;
}

/** The polls of a room. What changed while the connection was lost is fetched afterwards. */
export class Polls extends Emitter<PollEvents> {
  readonly #host: PollsHost;
  readonly #sync: Reconciler;
  #polls: ReadonlyMap<string, Poll> = new Map();
  #list: readonly Poll[] = [];
  /** Ids are never used again. */
  readonly #deleted = new Set<string>();
  /** Polls about which events have arrived since the list was asked for. */
  #touched: Set<string> | undefined;
  #isLoaded = false;
  #hasOlder = false;
  #error: CanopyError | undefined;
  #rights = { mayCreate: false, mayVote: false, mayManage: false };
  #loadingOlder: Promise<void> | undefined;
  #closed = false;

  /** @internal */
  constructor(host: PollsHost) {
    super();
    this.#host = host;
    this.#sync = new Reconciler({
      pass: () => this.#syncOnce(),
      failed: (error) => {
        this.#error = error;
        this.emit('changed');
      },
    });
    host.onServerEvent('poll.opened', ({ poll }) => this.#opened(poll));
    host.onServerEvent('poll.draft', ({ poll }) => this.#put([poll]));
    host.onServerEvent('poll.closed', (data) => this.#closedPoll(data));
    host.onServerEvent('poll.deleted', ({ pollId }) => this.#remove(pollId));
    host.onServerEvent('poll.votes', ({ pollId, rev, voters, counts }) =>
      this.#change(pollId, rev, ({ counts: _before, ...poll }) => ({
        ...poll,
        voters,
        ...(counts && { counts }),
      })),
    );
    host.onServerEvent('poll.voted', ({ pollId, rev, answers }) =>
      this.#change(pollId, rev, (poll) => ({ ...poll, vote: answers })),
    );
  }

  /** The loaded polls, newest first. The array is replaced when it changes. */
  get list(): readonly Poll[] {
    return this.#list;
  }

  /** Open polls in which this account may vote and has not. */
  get unanswered(): Poll[] {
    return this.mayVote ? this.#list.filter(({ status, vote }) => status === 'open' && !vote?.length) : [];
  }

  /** Whether the newest polls have been loaded. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Whether loadOlder() finds more. */
  get hasOlder(): boolean {
    return this.#hasOlder;
  }

  /** Why the polls cannot be read. */
  get error(): CanopyError | undefined {
    return this.#error;
  }

  get mayCreate(): boolean {
    return this.#rights.mayCreate;
  }

  get mayVote(): boolean {
    return this.#rights.mayVote;
  }

  /** Whether this user may change, close and delete a poll. */
  mayChange({ author }: Poll): boolean {
    return this.#rights.mayManage || author?.accountId === this.#host.accountId;
  }

  /** Asks a poll, or keeps it as a draft. @throws {CanopyError} FORBIDDEN, LIMIT_REACHED, RATE_LIMITED */
  create(form: PollForm, { draft = false }: { draft?: boolean } = {}): Promise<{ pollId: string }> {
    return this.#host.request('poll.create', { ...form, open: !draft });
  }

  /** Changes a draft. @throws {CanopyError} POLL_UNKNOWN, POLL_STARTED, FORBIDDEN, RATE_LIMITED */
  async edit(pollId: string, form: PollForm): Promise<void> {
    await this.#host.request('poll.edit', { pollId, ...form });
  }

  /** Opens a draft. @throws {CanopyError} POLL_UNKNOWN, POLL_STARTED, LIMIT_REACHED, FORBIDDEN, RATE_LIMITED */
  async open(pollId: string): Promise<void> {
    await this.#host.request('poll.open', { pollId });
  }

  /**
   * Votes, or replaces this account's earlier vote.
   *
   * @param answers indices of the chosen answers; none: takes the vote back
   * @throws {CanopyError} POLL_UNKNOWN, POLL_NOT_OPEN, FORBIDDEN, RATE_LIMITED
   */
  async vote(pollId: string, answers: number[]): Promise<void> {
    await this.#host.request('poll.vote', { pollId, answers });
  }

  /** Closes an open poll: everyone sees its results. @throws {CanopyError} POLL_UNKNOWN, POLL_NOT_OPEN, FORBIDDEN */
  async close(pollId: string): Promise<void> {
    await this.#host.request('poll.close', { pollId });
  }

  /** Deletes a poll with its votes. @throws {CanopyError} POLL_UNKNOWN, FORBIDDEN */
  async delete(pollId: string): Promise<void> {
    await this.#host.request('poll.delete', { pollId });
  }

  /** Who chose what, for each answer. @throws {CanopyError} POLL_UNKNOWN; FORBIDDEN - the poll is anonymous, or not yet */
  async voters(pollId: string): Promise<PollVoter[][]> {
    return (await this.#host.request('poll.voters', { pollId })).answers;
  }

  /** Loads a page of older polls. @throws {CanopyError} STORE_UNAVAILABLE, RATE_LIMITED, CONNECTION_LOST */
  loadOlder(): Promise<void> {
    const before = Math.min(
      ...this.#list.filter(({ status }) => status === 'closed').map(({ number }) => number),
    );
    if (!this.#hasOlder || !Number.isFinite(before)) {
      return Promise.resolve();
    }
    this.#loadingOlder ??= this.#host
      .request('poll.list', { before })
      .then(({ polls, more }) => {
        this.#hasOlder = more;
        this.#put(polls);
      })
      .finally(() => {
        this.#loadingOlder = undefined;
      });
    return this.#loadingOlder;
  }

  /** @internal The room was entered or re-entered, or this user has another role in it. */
  entered(): void {
    this.#error = undefined;
    this.#sync.poke();
  }

  /** @internal */
  stop(): void {
    this.#closed = true;
    this.#sync.stop();
  }

  async #syncOnce(): Promise<void> {
    const touched = new Set<string>();
    this.#touched = touched;
    const { polls, more, ...rights } = await this.#host.request('poll.list', {});
    if (this.#closed) {
      return;
    }
    this.#touched = undefined;
    const isFirst = !this.#isLoaded;
    const before = this.#polls;
    this.#isLoaded = true;
    this.#error = undefined;
    this.#rights = rights;
    this.#hasOlder = more;
    // What happened meanwhile is newer than the answer.
    this.#polls = new Map([...this.#polls].filter(([pollId]) => touched.has(pollId)));
    this.#put(
      polls.map((poll) => {
        // The server tells nobody what they chose once a poll is closed.
        const vote = before.get(poll.pollId)?.vote;
        return { ...(vote && { vote }), ...poll };
      }),
    );
    for (const poll of isFirst ? [] : polls) {
      const known = before.get(poll.pollId)?.status;
      if (poll.status === 'open' && known !== 'open') {
        this.emit('opened', poll);
      } else if (poll.status === 'closed' && known === 'open') {
        this.emit('closed', poll);
      }
    }
  }

  #opened(opened: Poll): void {
    const known = this.#polls.get(opened.pollId);
    const isCounted = opened.results === 'always' || opened.author?.accountId === this.#host.accountId;
    const poll = { ...opened, vote: [], ...(isCounted && { counts: opened.answers.map(() => 0) }) };
    this.#put([poll]);
    if (known?.status !== 'open' && this.#polls.get(poll.pollId) === poll) {
      this.emit('opened', poll);
    }
  }

  #closedPoll({ pollId, rev, closedAtMs, voters, counts }: EventData<'poll.closed'>): void {
    const known = this.#polls.get(pollId);
    this.#change(pollId, rev, ({ closesAtMs: _deadline, ...poll }) => ({
      ...poll,
      status: 'closed',
      closedAtMs,
      voters,
      counts,
    }));
    const poll = this.#polls.get(pollId);
    if (known?.status === 'open' && poll?.status === 'closed') {
      this.emit('closed', poll);
    }
  }

  #remove(pollId: string): void {
    this.#deleted.add(pollId);
    if (this.#polls.has(pollId)) {
      this.#set(new Map([...this.#polls].filter(([each]) => each !== pollId)));
    }
  }

  /** Applies an event about a poll that is loaded, unless something newer is known. */
  #change(pollId: string, rev: number, change: (poll: Poll) => Poll): void {
    const known = this.#polls.get(pollId);
    if (known && known.rev <= rev) {
      this.#put([{ ...change(known), rev }]);
    } else if (!known) {
      // It is in the answer that is on its way, or on a page that is not loaded.
      this.#sync.poke();
    }
  }

  /** Adds polls, or newer states of them. */
  #put(polls: readonly Poll[]): void {
    const next = new Map(this.#polls);
    for (const poll of polls) {
      this.#touched?.add(poll.pollId);
      if (!this.#deleted.has(poll.pollId) && (next.get(poll.pollId)?.rev ?? 0) <= poll.rev) {
        next.set(poll.pollId, poll);
      }
    }
    this.#set(next);
  }

  #set(polls: ReadonlyMap<string, Poll>): void {
    this.#polls = polls;
    this.#list = [...polls.values()].sort((a, b) => b.number - a.number);
    this.emit('changed');
  }
}
