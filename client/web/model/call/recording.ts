import { signal } from '@preact/signals';
import type { Participant, RecordingEnd, Room, RunningRecording } from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';
import type { Notices } from '../basics/notices.ts';

/** Whether the call is being recorded. Everyone sees and hears of it; some may start and end it. */
export class CallRecording {
  /** The recording in progress; null: there is none. */
  readonly running = signal<RunningRecording | null>(null);
  readonly #room: Room;
  readonly #notices: Notices;
  readonly #stop: () => void;

  constructor(room: Room, notices: Notices) {
    this.#room = room;
    this.#notices = notices;
    this.running.value = room.recording.running;
    if (this.running.value) {
      notices.say(strings.value.recording.isRecorded);
    }
    this.#stop = room.recording.on('changed', (running, by, reason) => this.#changed(running, by, reason));
  }

  /** Whether the server can record. Who may is a right. */
  get isAvailable(): boolean {
    return this.#room.recording.isAvailable;
  }

  async toggle(): Promise<void> {
    const { recording } = this.#room;
    await this.#notices.attempt(() => (this.running.value ? recording.stop() : recording.start()));
  }

  async togglePause(): Promise<void> {
    const { recording } = this.#room;
    await this.#notices.attempt(() =>
      this.running.value?.status === 'paused' ? recording.resume() : recording.pause(),
    );
  }

  close(): void {
    this.#stop();
  }

  #changed(
    running: RunningRecording | null,
    by: Participant | undefined,
    reason: RecordingEnd | undefined,
  ): void {
    const before = this.running.value;
    this.running.value = running;
    const { recording } = strings.value;
    const name = by?.displayName;
    if (!running) {
      if (before) {
        this.#notices.say(recording.ended(reason === 'stopped' ? name : undefined, reason));
      }
    } else if (running.status === 'paused') {
      this.#notices.say(recording.paused(name));
    } else if (running.status === 'recording' && before?.status !== 'interrupted') {
      this.#notices.say(before ? recording.resumed(name) : recording.started(name));
    }
  }
}
