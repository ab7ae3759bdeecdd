/** How a key reached us: as a telephone-event (RFC 4733), as a tone in the voice, or by SIP INFO. */
export type KeyWay = 'event' | 'tone' | 'info';

const ALL_WAYS: ReadonlySet<KeyWay> = new Set(['event', 'tone', 'info']);
/** Some phones send each key in several ways. Within this time, in milliseconds, the same key by another way is the same press. */
const DUPLICATE_MS = 700;

interface Press {
  readonly key: string;
  readonly ways: Set<KeyWay>;
  /** Its beginning or, once it is released, its end. */
  atMs: number;
  /** It is held down, as far as is known. */
  held: boolean;
}

/** Merges the ways that keys arrive in into one sequence without duplicates. */
export class Keypad {
  readonly #onKey: (key: string) => void;
  readonly #ways: () => ReadonlySet<KeyWay>;
  /** Presses that may still be reported in other ways, earliest first. */
  #recent: Press[] = [];

  /** `ways`: in which ways keys count. Default: in all. */
  constructor(onKey: (key: string) => void, ways: () => ReadonlySet<KeyWay> = () => ALL_WAYS) {
    this.#onKey = onKey;
    this.#ways = ways;
  }

  press(key: string, way: KeyWay, nowMs: number): void {
    if (!this.#ways().has(way)) {
      return;
    }
    this.#recent = this.#recent.filter(({ held, atMs }) => held || nowMs - atMs < DUPLICATE_MS);
    const known = this.#recent.find((press) => press.key === key && !press.ways.has(way));
    if (known) {
      known.ways.add(way);
      return;
    }
    this.#recent.push({ key, ways: new Set([way]), atMs: nowMs, held: way !== 'info' });
    this.#onKey(key);
  }

  /** The key was released. Some phones send an INFO only then. */
  release(key: string, way: KeyWay, nowMs: number): void {
    const press = this.#recent.findLast((each) => each.held && each.key === key && each.ways.has(way));
    if (press) {
      press.held = false;
      press.atMs = nowMs;
    }
  }
}
