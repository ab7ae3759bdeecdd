import { signal } from '@preact/signals';
import type { LiveEnd, LiveOptions, Participant, RunningLive } from '../../../sdk/index.ts';
import { lateStrings } from '../../strings/index.ts';
import type { Notices } from '../basics/notices.ts';
import type { Call } from './call.ts';

/** The live stream of a call, and the dialog that starts one. */
export class LiveStreaming {
  /** Null: there is none. */
  readonly running = signal<RunningLive | null>(null);
  readonly isAsking = signal(false);
  readonly #call: Call;
  readonly #notices: Notices;

  private constructor(call: Call, notices: Notices) {
    this.#call = call;
    this.#notices = notices;
    this.running.value = call.room.live.running;
    if (this.running.value) {
      notices.say(lateStrings().live.isStreamed);
    }
    call.room.live.on('changed', (running, by, reason) => this.#changed(running, by, reason));
  }

  /** The one of a call: its sign and its item in the menu share it. */
  static of(call: Call, notices: Notices): LiveStreaming {
    const known = streamings.get(call) ?? new LiveStreaming(call, notices);
    streamings.set(call, known);
    return known;
  }

  get choices() {
    return this.#call.room.live.choices;
  }

  /** Whether this person may stream the call. */
  get isAllowed(): boolean {
    return this.#call.may('recording.control');
  }

  /** @throws {CanopyError} */
  start(options: LiveOptions): Promise<unknown> {
    return this.#call.room.live.start(options);
  }

  /** @throws {CanopyError} */
  stop(): Promise<unknown> {
    return this.#call.room.live.stop();
  }

  #changed(running: RunningLive | null, by: Participant | undefined, reason: LiveEnd | undefined): void {
    const before = this.running.value;
    this.running.value = running;
    const { live } = lateStrings();
    if (running && !before) {
      this.#notices.say(live.started(by?.displayName));
    } else if (before && !running) {
      this.#notices.say(live.ended(by?.displayName, reason));
    }
  }
}

const streamings = new WeakMap<Call, LiveStreaming>();
