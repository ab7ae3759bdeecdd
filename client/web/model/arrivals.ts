/** Arrivals and departures within this time share one sentence, in milliseconds. */
const TOGETHER_MS = 600;

/** Announces who joined and left, several people in one sentence. */
export class Arrivals {
  readonly #say: (sentence: string) => void;
  #joined: string[] = [];
  #left: string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(say: (sentence: string) => void) {
    this.#say = say;
  }

  joined(name: string): void {
    this.#joined.push(name);
    this.#later();
  }

  left(name: string): void {
    this.#left.push(name);
    this.#later();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #later(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#joined.length > 0) this.#say(`${listed(this.#joined)} joined`);
      if (this.#left.length > 0) this.#say(`${listed(this.#left)} left`);
      this.#joined = [];
      this.#left = [];
    }, TOGETHER_MS);
  }
}

/** "Ann", "Ann and Bob", "Ann, Bob and 3 others". */
function listed([first = '', second, ...others]: readonly string[]): string {
  if (second === undefined) return first;
  if (others.length === 0) return `${first} and ${second}`;
  return `${first}, ${second} and ${others.length === 1 ? '1 other' : `${others.length} others`}`;
}
