export type MediaLogLevel = 'debug' | 'info' | 'warn' | 'error';

/** A log line posted by a media thread to the main thread. Plain data. */
export interface MediaLogLine {
  level: MediaLogLevel;
  fields: Readonly<Record<string, unknown>>;
  text: string;
}

const RANKS: Record<MediaLogLevel, number> = { debug: 20, info: 30, warn: 40, error: 50 };
/** Maximum per window and level, so that a flood of debug lines does not crowd out an error. */
const LINES_PER_WINDOW = 50;
const WINDOW_MS = 10_000;

/** State shared by all loggers of one thread. */
interface Outlet {
  post: (line: MediaLogLine) => void;
  minRank: number;
  windowStartMs: number;
  lines: Record<MediaLogLevel, number>;
  suppressed: number;
}

/**
 * Logger of a media thread: posts lines to the main thread, at most 50 per level in 10 s. The `suppressed` field of a later line counts
 * the omitted ones. Strangers' packets can trigger lines, so lines that are not logged are cheap.
 */
export class MediaLog {
  readonly #outlet: Outlet;
  readonly #bindings: Readonly<Record<string, unknown>>;

  private constructor(outlet: Outlet, bindings: Readonly<Record<string, unknown>>) {
    this.#outlet = outlet;
    this.#bindings = bindings;
  }

  /** `level`: minimum pino level; `trace` is the same as `debug`. Undefined or `silent`: nothing is logged. */
  static create(post: (line: MediaLogLine) => void, level: string | undefined): MediaLog {
    const minRank =
      level === 'trace' ? RANKS.debug : (RANKS[level as MediaLogLevel] ?? Number.POSITIVE_INFINITY);
    const lines = { debug: 0, info: 0, warn: 0, error: 0 };
    return new MediaLog({ post, minRank, windowStartMs: performance.now(), lines, suppressed: 0 }, {});
  }

  /** A logger that adds these fields to its lines. It shares the limit. */
  child(bindings: Readonly<Record<string, unknown>>): MediaLog {
    return new MediaLog(this.#outlet, { ...this.#bindings, ...bindings });
  }

  debug(fields: Readonly<Record<string, unknown>>, text: string): void {
    this.#write('debug', fields, text);
  }

  info(fields: Readonly<Record<string, unknown>>, text: string): void {
    this.#write('info', fields, text);
  }

  warn(fields: Readonly<Record<string, unknown>>, text: string): void {
    this.#write('warn', fields, text);
  }

  error(fields: Readonly<Record<string, unknown>>, text: string): void {
    this.#write('error', fields, text);
  }

  #write(level: MediaLogLevel, fields: Readonly<Record<string, unknown>>, text: string): void {
    const outlet = this.#outlet;
    if (RANKS[level] < outlet.minRank) {
      return;
    }
    const nowMs = performance.now();
    if (nowMs - outlet.windowStartMs > WINDOW_MS) {
      outlet.windowStartMs = nowMs;
      outlet.lines = { debug: 0, info: 0, warn: 0, error: 0 };
    }
    if (outlet.lines[level] >= LINES_PER_WINDOW) {
      outlet.suppressed++;
      return;
    }
    outlet.lines[level]++;
    const { suppressed } = outlet;
    outlet.suppressed = 0;
    outlet.post({
      level,
      fields: { ...this.#bindings, ...plain(fields), ...(suppressed > 0 && { suppressed }) },
      text,
    });
  }
}

/** Replaces `err` by text, since an error may have properties that cannot be posted to another thread. */
function plain({ err, ...fields }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (err === undefined) {
    return fields;
  }
  return { ...fields, error: err instanceof Error ? (err.stack ?? err.message) : String(err) };
}
