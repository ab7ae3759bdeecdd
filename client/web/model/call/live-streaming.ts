import { signal } from '@preact/signals';
import type { LiveOptions, RunningLive } from '../../../sdk/index.ts';
import type { Call } from './call.ts';

/** The live stream of a call, and the dialog that starts one. */
export class LiveStreaming {
  /** Null: there is none. */
  readonly running = signal<RunningLive | null>(null);
  readonly isAsking = signal(false);
  readonly #call: Call;

  private constructor(call: Call) {
    this.#call = call;
    this.running.value = call.room.live.running;
    call.room.live.on('changed', (running) => {
      this.running.value = running;
    });
  }

  /** The one of a call: its sign and its item in the menu share it. */
  static of(call: Call): LiveStreaming {
    const known = streamings.get(call) ?? new LiveStreaming(call);
    streamings.set(call, known);
    return known;
  }

  get choices() {
    return this.#call.room.live.choices;
  }

  /** Whether this person may stream the call, and the server can. */
  get isAvailable(): boolean {
    const { targets, hls } = this.choices;
    return this.#call.may('recording.control') && (hls || targets.length > 0);
  }

  /** @throws {CanopyError} */
  start(options: LiveOptions): Promise<unknown> {
    return this.#call.room.live.start(options);
  }

  /** @throws {CanopyError} */
  stop(): Promise<unknown> {
    return this.#call.room.live.stop();
  }
}

const streamings = new WeakMap<Call, LiveStreaming>();
