import { signal } from '@preact/signals';
import { CanopyError, type Reaction, type ReactionKind, type Room } from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';
import type { Notices } from '../basics/notices.ts';

/** The reactions that people may send, in the order in which they are offered. */
export const REACTION_EMOJI: Readonly<Record<ReactionKind, string>> = {
  like: '👍',
  applause: '👏',
  love: '❤️',
  laugh: '😂',
  surprise: '😮',
  celebrate: '🎉',
};

export interface ShownReaction extends Reaction {
  id: number;
}

/** How long a reaction is shown, in milliseconds. */
const SHOWN_MS = 4000;
/** Reactions within this time share one announcement, in milliseconds. */
const ANNOUNCED_MS = 2000;
/** How many reactions of one person, and of all, are shown at once; the latest ones. */
const MAX_PER_PERSON = 3;
const MAX_SHOWN = 60;

/** The reactions in a call. */
export class CallReactions {
  /** The reactions shown at the moment, earliest first. */
  readonly shown = signal<readonly ShownReaction[]>([]);
  /** What screen readers announce. */
  readonly announcement = signal('');
  readonly #room: Room;
  readonly #notices: Notices;
  readonly #stop: () => void;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  /** Names to announce, by kind; undefined while nothing waits. */
  #waiting: Map<ReactionKind, Set<string>> | undefined;
  #nextId = 1;

  constructor(room: Room, notices: Notices) {
    this.#room = room;
    this.#notices = notices;
    this.#stop = room.reactions.on('reactions', (reactions) => this.#show(reactions));
  }

  async send(kind: ReactionKind): Promise<void> {
    try {
      await this.#room.reactions.send(kind);
    } catch (cause) {
      const error = CanopyError.from(cause);
      // Whoever claps faster than that needs no lesson.
      if (error.code !== 'RATE_LIMITED') {
        this.#notices.error(error);
      }
    }
  }

  close(): void {
    this.#stop();
    for (const timer of this.#timers) {
      clearTimeout(timer);
    }
  }

  #show(reactions: readonly Reaction[]): void {
    const added = reactions.map((reaction) => ({ ...reaction, id: this.#nextId++ }));
    const ids = new Set(added.map(({ id }) => id));
    const counts = new Map<string, number>();
    // The latest ones stay.
    this.shown.value = [...this.shown.value, ...added]
      .reverse()
      .filter(({ participantId }) => {
        const count = (counts.get(participantId) ?? 0) + 1;
        counts.set(participantId, count);
        return count <= MAX_PER_PERSON;
      })
      .slice(0, MAX_SHOWN)
      .reverse();
    this.#after(SHOWN_MS, () => {
      this.shown.value = this.shown.value.filter(({ id }) => !ids.has(id));
    });
    this.#announce(reactions);
  }

  #announce(reactions: readonly Reaction[]): void {
    if (!this.#waiting) {
      this.#after(ANNOUNCED_MS, () => {
        const { announced, kinds } = strings.value.reactions;
        this.announcement.value = [...(this.#waiting ?? [])]
          .map(([kind, names]) => announced([...names], kinds[kind]))
          .join('. ');
        this.#waiting = undefined;
      });
    }
    this.#waiting ??= new Map();
    for (const { participantId, kind } of reactions) {
      const name = this.#room.participants.get(participantId)?.displayName;
      // People know what they send themselves.
      if (name !== undefined && participantId !== this.#room.participantId) {
        this.#waiting.set(kind, (this.#waiting.get(kind) ?? new Set()).add(name));
      }
    }
  }

  #after(milliseconds: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, milliseconds);
    this.#timers.add(timer);
  }
}
