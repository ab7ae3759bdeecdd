import { effect, type ReadonlySignal, signal } from '@preact/signals';
import type { Breakouts, BreakoutsState, Room } from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';
import type { Notices } from '../basics/notices.ts';

export interface BreakoutsModelOptions {
  room: Room;
  /** Whether the panel of breakout rooms is open. */
  isOpen: ReadonlySignal<boolean>;
  open(): void;
  notices: Notices;
  /** Goes to another room of the meeting. */
  move(roomId: string): void;
}

const MOVE = 'breakout-move';
const OWN = 'breakout-own';

/** The breakout rooms of a call as the page shows them. */
export class BreakoutsModel {
  readonly breakouts: Breakouts;
  readonly state = signal<BreakoutsState>({
    parentId: '',
    status: 'none',
    choice: false,
    rooms: [],
    own: null,
    people: [],
    mayManage: false,
  });
  readonly #options: BreakoutsModelOptions;
  readonly #stop: Array<() => void>;
  #countdown: ReturnType<typeof setInterval> | undefined;
  /** The room that the last notice offered. */
  #offered: string | undefined;

  constructor(options: BreakoutsModelOptions) {
    const { room, isOpen, notices } = options;
    this.#options = options;
    this.breakouts = room.breakouts;
    this.#stop = [
      this.breakouts.on('changed', () => this.#refresh()),
      this.breakouts.on('move', ({ roomId, inSeconds }) => this.#called(roomId, inSeconds)),
      this.breakouts.on('message', ({ text, from }) =>
        notices.keep('breakout-message', strings.value.breakouts.toEveryone(from, text)),
      ),
      this.breakouts.on('help', ({ roomId, from }) => this.#asked(roomId, from)),
      effect(() => {
        if (isOpen.value) {
          notices.release(OWN);
        }
      }),
    ];
    this.#refresh();
  }

  /** Whether this call is a breakout room. */
  get isInside(): boolean {
    return this.state.value.parentId !== this.#options.room.roomId;
  }

  /** The name of a room of this meeting. */
  nameOf(roomId: string): string {
    return (
      this.state.value.rooms.find((each) => each.roomId === roomId)?.name ?? strings.value.breakouts.stays
    );
  }

  /** Goes into a breakout room, or back to the main room. */
  async join(roomId: string): Promise<void> {
    const { choice, mayManage, parentId } = this.state.value;
    await this.try(async () => {
      if (choice && !mayManage) {
        await this.breakouts.choose(roomId === parentId ? null : roomId);
      }
      this.#options.move(roomId);
    });
  }

  async askForHelp(): Promise<void> {
    await this.try(async () => {
      await this.breakouts.askForHelp();
      this.#options.notices.say(strings.value.breakouts.helpAsked);
    });
  }

  /** Reports a failure as a notice. Returns whether it succeeded. */
  try(act: () => Promise<unknown>): Promise<boolean> {
    return this.#options.notices.attempt(act);
  }

  close(): void {
    clearInterval(this.#countdown);
    for (const stop of this.#stop.splice(0)) {
      stop();
    }
  }

  #refresh(): void {
    const { state } = this.breakouts;
    const { notices, open, isOpen } = this.#options;
    this.state.value = state;
    const { breakouts } = strings.value;
    const { own, status, choice, mayManage } = state;
    const isElsewhere = this.isInside && own !== null && own !== this.#options.room.roomId;
    if (isElsewhere && status === 'open' && !mayManage) {
      // A moderator moved this user while the page was between two rooms.
      this.#options.move(own);
    }
    const offered =
      status === 'open' && !this.isInside ? (own ?? (choice && !mayManage ? 'any' : undefined)) : undefined;
    if (offered === undefined) {
      notices.release(OWN);
    } else if (offered !== this.#offered && !isOpen.peek()) {
      if (own === null) {
        notices.keep(OWN, breakouts.choose, { label: breakouts.chooseNow, run: open });
      } else {
        const run = () => this.#options.move(own);
        notices.keep(OWN, breakouts.yourRoom(this.nameOf(own)), { label: breakouts.joinShort, run });
      }
    }
    this.#offered = offered;
  }

  /** A moderator asks this user to move. */
  #called(roomId: string, inSeconds: number): void {
    const { notices, move } = this.#options;
    clearInterval(this.#countdown);
    if (inSeconds === 0) {
      move(roomId);
      return;
    }
    const endMs = performance.now() + inSeconds * 1000;
    const show = () => {
      const seconds = Math.round((endMs - performance.now()) / 1000);
      if (seconds <= 0) {
        clearInterval(this.#countdown);
        move(roomId);
        return;
      }
      const { breakouts } = strings.value;
      notices.keep(MOVE, breakouts.calledBack(seconds), {
        label: breakouts.backNow,
        run: () => {
          clearInterval(this.#countdown);
          move(roomId);
        },
      });
    };
    this.#countdown = setInterval(show, 1000);
    show();
  }

  #asked(roomId: string, from: string): void {
    const { notices, move } = this.#options;
    const { breakouts } = strings.value;
    const name = this.nameOf(roomId);
    notices.keep(`breakout-help-${roomId}`, breakouts.needsHelp(from, name), {
      label: breakouts.join(name),
      run: () => move(roomId),
    });
  }
}
