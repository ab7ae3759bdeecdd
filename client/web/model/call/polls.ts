import { effect, type ReadonlySignal, signal } from '@preact/signals';
import type { Poll, PollForm, Polls, PollVoter, Room } from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';
import type { Notices } from '../basics/notices.ts';

/** A poll that the user writes. */
export interface PollDraft extends PollForm {
  /** The stored draft that it changes. */
  pollId?: string;
}

export interface PollsModelOptions {
  room: Room;
  /** This user's account. */
  accountId: string;
  /** Whether the polls are on the screen. */
  isOpen: ReadonlySignal<boolean>;
  open(): void;
  notices: Notices;
  /** Plays the sound of a new poll. */
  playSound(): void;
}

/** The polls of a call as the page shows them. What the user has begun stays here while the panel is closed. */
export class PollsModel {
  readonly polls: Polls;
  readonly accountId: string;
  readonly list = signal<readonly Poll[]>([]);
  readonly state = signal<'loading' | 'ready' | 'failed'>('loading');
  readonly hasOlder = signal(false);
  readonly mayCreate = signal(false);
  readonly mayVote = signal(false);
  /** How many open polls this user has not answered. */
  readonly unanswered = signal(0);
  /** The poll that the user writes. */
  readonly draft = signal<PollDraft | undefined>(undefined);
  /** What the user has chosen and not sent yet, by poll. */
  readonly chosen = signal<ReadonlyMap<string, readonly number[]>>(new Map());
  /** Who chose what, for each answer of the polls for which the user asked. */
  readonly voters = signal<ReadonlyMap<string, PollVoter[][]>>(new Map());
  readonly #options: PollsModelOptions;
  /** The revisions of the polls whose voters are shown. */
  readonly #shown = new Map<string, number>();
  readonly #stop: Array<() => void>;

  constructor(options: PollsModelOptions) {
    const { room, accountId, isOpen, notices } = options;
    this.#options = options;
    this.polls = room.polls;
    this.accountId = accountId;
    this.#stop = [
      this.polls.on('changed', () => this.#refresh()),
      this.polls.on('opened', (poll) => this.#opened(poll)),
      this.polls.on('closed', (poll) => this.#closed(poll)),
      effect(() => {
        if (isOpen.value) {
          for (const { pollId } of this.polls.list) {
            notices.release(noticeOf(pollId));
          }
        }
      }),
    ];
    this.#refresh();
  }

  isOwn({ author }: Poll): boolean {
    return author?.accountId === this.accountId;
  }

  /** What the user has chosen: not sent yet, or stored. */
  choice({ pollId, vote = [] }: Poll): readonly number[] {
    return this.chosen.value.get(pollId) ?? vote;
  }

  /** Chooses an answer, or takes the choice back. Nothing is sent yet. */
  choose(poll: Poll, index: number, on: boolean): void {
    const others = poll.multiple ? this.choice(poll).filter((each) => each !== index) : [];
    const next = on ? [...others, index].sort((a, b) => a - b) : others;
    this.chosen.value = new Map([...this.chosen.value, [poll.pollId, next]]);
  }

  /** Sends what the user has chosen; `answers`: something else. */
  async vote(poll: Poll, answers: readonly number[] = this.choice(poll)): Promise<void> {
    await this.try(async () => {
      await this.polls.vote(poll.pollId, [...answers]);
      this.chosen.value = new Map([...this.chosen.value].filter(([pollId]) => pollId !== poll.pollId));
    });
  }

  /** Begins a new poll, perhaps like another one. */
  write(like?: Poll): void {
    this.draft.value = {
      question: '',
      answers: ['', ''],
      ...(like && formOf(like)),
    };
  }

  /** Begins to change a draft. */
  edit(poll: Poll): void {
    this.draft.value = { ...formOf(poll), pollId: poll.pollId };
  }

  /** Asks what the user has written, or keeps it as a draft. */
  async submit({ pollId, ...form }: PollDraft, ask: boolean): Promise<void> {
    if (pollId === undefined) {
      await this.polls.create(form, { draft: !ask });
    } else {
      await this.polls.edit(pollId, form);
      if (ask) {
        await this.polls.open(pollId);
      }
    }
    this.draft.value = undefined;
  }

  /** Shows who chose what, and keeps it up to date, or stops showing it. */
  showVoters({ pollId }: Poll, on: boolean): void {
    if (on) {
      this.#shown.set(pollId, 0);
      this.#refreshVoters();
    } else {
      this.#shown.delete(pollId);
    }
  }

  /** Reports a failure as a notice. */
  try(act: () => Promise<unknown>): Promise<boolean> {
    return this.#options.notices.attempt(act);
  }

  close(): void {
    for (const stop of this.#stop.splice(0)) {
      stop();
    }
  }

  #refresh(): void {
    const { polls } = this;
    this.list.value = polls.list;
    this.state.value = polls.isLoaded ? 'ready' : polls.error ? 'failed' : 'loading';
    this.hasOlder.value = polls.hasOlder;
    this.mayCreate.value = polls.mayCreate;
    this.mayVote.value = polls.mayVote;
    this.unanswered.value = polls.unanswered.length;
    for (const { pollId, status, vote } of polls.list) {
      if (status !== 'open' || vote?.length) {
        this.#options.notices.release(noticeOf(pollId));
      }
    }
    this.#refreshVoters();
  }

  #refreshVoters(): void {
    for (const { pollId, rev, anonymous, counts } of this.polls.list) {
      const shown = this.#shown.get(pollId);
      if (shown !== undefined && shown < rev && !anonymous && counts) {
        this.#shown.set(pollId, rev);
        this.polls.voters(pollId).then(
          (answers) => {
            this.voters.value = new Map([...this.voters.value, [pollId, answers]]);
          },
          // The next change of the poll asks again.
          () => {},
        );
      }
    }
  }

  #opened(poll: Poll): void {
    const { isOpen, notices, open, playSound } = this.#options;
    if (this.isOwn(poll)) {
      return;
    }
    playSound();
    const { polls } = strings.value;
    const text = polls.asks(poll.author?.displayName ?? polls.deletedAccount, poll.question);
    if (isOpen.value) {
      notices.say(text);
    } else {
      notices.keep(noticeOf(poll.pollId), text, { label: polls.answerNow, run: open });
    }
  }

  #closed(poll: Poll): void {
    const { isOpen, notices, open } = this.#options;
    const { polls } = strings.value;
    if (!isOpen.value) {
      notices.offer(polls.closedNotice(poll.question), { label: polls.seeResults, run: open });
    }
  }
}

/** The key of the notice about an open poll. */
function noticeOf(pollId: string): string {
  return `poll-${pollId}`;
}

function formOf({ question, answers, multiple, anonymous, results, closeAfterSeconds }: Poll): PollForm {
  return {
    question,
    answers: [...answers],
    multiple,
    anonymous,
    results,
    ...(closeAfterSeconds !== undefined && { closeAfterSeconds }),
  };
}
