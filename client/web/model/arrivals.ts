/** Events within this time share one announcement, in milliseconds. */
const BATCH_MS = 600;

type Action = 'joined' | 'raised a hand' | 'left';

/** Announces who joined, raised a hand or left, with several people in one sentence. */
export class Arrivals {
  readonly #say: (sentence: string) => void;
  /** Names waiting to be announced, by action; the keys give the order of announcements. */
  readonly #waiting: Record<Action, string[]> = { joined: [], 'raised a hand': [], left: [] };
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(say: (sentence: string) => void) {
    this.#say = say;
  }

  joined(name: string): void {
    this.#add('joined', name);
  }

  raisedHand(name: string): void {
    this.#add('raised a hand', name);
  }

  left(name: string): void {
    this.#add('left', name);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #add(action: Action, name: string): void {
    this.#waiting[action].push(name);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      for (const [action, names] of Object.entries(this.#waiting)) {
        if (names.length > 0) {
          this.#say(`${listed(names.splice(0))} ${action}`);
        }
      }
    }, BATCH_MS);
  }
}

/** "Ann", "Ann and Bob", "Ann, Bob and 3 others". */
export function listed([first = '', second, ...others]: readonly string[]): string {
  if (second === undefined) {
    return first;
  }
  if (others.length === 0) {
    return `${first} and ${second}`;
  }
  return `${first}, ${second} and ${others.length === 1 ? '1 other' : `${others.length} others`}`;
}
