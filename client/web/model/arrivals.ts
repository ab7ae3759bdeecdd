/** Arrivals and departures within this time share one sentence, in milliseconds. */
const TOGETHER_MS = 600;

type Deed = 'joined' | 'raised a hand' | 'left';

/** Announces who joined, raised a hand or left, several people in one sentence. */
export class Arrivals {
  readonly #say: (sentence: string) => void;
  /** Names by what they did, in the order in which it is said. */
  readonly #waiting: Record<Deed, string[]> = { joined: [], 'raised a hand': [], left: [] };
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

  #add(deed: Deed, name: string): void {
    this.#waiting[deed].push(name);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      for (const [done, names] of Object.entries(this.#waiting)) {
        if (names.length > 0) {
          this.#say(`${listed(names.splice(0))} ${done}`);
        }
      }
    }, TOGETHER_MS);
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
