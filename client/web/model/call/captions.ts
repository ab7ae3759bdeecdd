import { signal } from '@preact/signals';
import type { Caption, Participant, Room, RunningCaptions } from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';
import type { Notices } from '../basics/notices.ts';

/** A caption as it is shown. */
export interface CaptionLine extends Caption {
  lineId: number;
  name: string;
}

/** Lines shown at once. */
const MAX_LINES = 3;
/** How long a line is shown after its last change, in milliseconds, besides the time to read it. */
const SHOWN_MS = 4_000;
const READING_MS_PER_CHARACTER = 60;

/** What people say, as text. Everyone sees that captions are on; each may hide them. */
export class CallCaptions {
  /** Null: captions are off. */
  readonly running = signal<RunningCaptions | null>(null);
  readonly isHidden = signal(false);
  readonly lines = signal<readonly CaptionLine[]>([]);
  readonly #room: Room;
  readonly #notices: Notices;
  readonly #stop: Array<() => void>;
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();
  #lastId = 0;

  constructor(room: Room, notices: Notices) {
    this.#room = room;
    this.#notices = notices;
    this.running.value = room.captions.running;
    if (this.running.value) {
      notices.say(strings.value.captions.started(undefined));
    }
    this.#stop = [
      room.captions.on('changed', (running, by) => this.#changed(running, by)),
      room.captions.on('caption', (caption) => this.#show(caption)),
    ];
  }

  /** Whether the server has captions. Who may switch them on is a right. */
  get isAvailable(): boolean {
    return this.#room.captions.isAvailable;
  }

  async toggle(): Promise<void> {
    const { captions } = this.#room;
    await this.#notices.attempt(() => (this.running.value ? captions.stop() : captions.start()));
  }

  close(): void {
    for (const stop of this.#stop) {
      stop();
    }
    this.#clear();
  }

  #changed(running: RunningCaptions | null, by: Participant | undefined): void {
    const before = this.running.value;
    this.running.value = running;
    const { captions } = strings.value;
    if (!running) {
      this.#clear();
      this.#notices.say(captions.stopped(by?.displayName));
    } else if (!before) {
      this.#notices.say(captions.started(by?.displayName));
    }
  }

  #show(caption: Caption): void {
    const name = this.#room.participants.get(caption.participantId)?.displayName ?? '';
    const saying = this.lines.value.find(
      ({ participantId, isFinal }) => participantId === caption.participantId && !isFinal,
    );
    const line = { ...caption, name, lineId: saying?.lineId ?? ++this.#lastId };
    const lines = saying
      ? this.lines.value.map((each) => (each === saying ? line : each))
      : [...this.lines.value, line];
    this.lines.value = lines.slice(-MAX_LINES);
    clearTimeout(this.#timers.get(line.lineId));
    this.#timers.set(
      line.lineId,
      setTimeout(() => this.#drop(line.lineId), SHOWN_MS + READING_MS_PER_CHARACTER * caption.text.length),
    );
  }

  #drop(lineId: number): void {
    this.#timers.delete(lineId);
    this.lines.value = this.lines.value.filter((line) => line.lineId !== lineId);
  }

  #clear(): void {
    for (const timer of this.#timers.values()) {
      clearTimeout(timer);
    }
    this.#timers.clear();
    this.lines.value = [];
  }
}
