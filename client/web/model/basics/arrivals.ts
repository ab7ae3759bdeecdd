import { strings } from '../../strings/index.ts';

/** Events within this time share one announcement, in milliseconds. */
const BATCH_MS = 600;

export type Arrival = 'joined' | 'raisedHand' | 'left';

/** Announces who joined, raised a hand or left, with several people in one sentence. */
export class Arrivals {
  readonly #say: (sentence: string, what: Arrival) => void;
  /** Names waiting to be announced, by action; the keys give the order of announcements. */
  readonly #waiting: Record<Arrival, string[]> = { joined: [], raisedHand: [], left: [] };
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(say: (sentence: string, what: Arrival) => void) {
    this.#say = say;
  }

  joined(name: string): void {
    this.#add('joined', name);
  }

  raisedHand(name: string): void {
    this.#add('raisedHand', name);
  }

  left(name: string): void {
    this.#add('left', name);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #add(action: Arrival, name: string): void {
    this.#waiting[action].push(name);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      for (const [action, names] of Object.entries(this.#waiting) as Array<[Arrival, string[]]>) {
        if (names.length > 0) {
          this.#say(strings.value.arrivals[action](names.splice(0)), action);
        }
      }
    }, BATCH_MS);
  }
}
