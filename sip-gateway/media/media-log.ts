export type MediaLogLevel = 'debug' | 'info' | 'warn' | 'error';

/** A line of a media thread, on its way to the main thread's log. Plain data. */
export interface MediaLogLine {
  level: MediaLogLevel;
  fields: Readonly<Record<string, unknown>>;
  text: string;
}

const RANKS: Record<MediaLogLevel, number> = { debug: 20, info: 30, warn: 40, error: 50 };
/** In each window, per level: a flood of debug lines does not crowd out a fault. */
const LINES_PER_WINDOW = 50;
const WINDOW_MS = 10_000;

/** What all loggers of one thread share. */
interface Outlet {
  post: (line: MediaLogLine) => void;
  minRank: number;
  windowStartMs: number;
  lines: Record<MediaLogLevel, number>;
  suppressed: number;
}

/**
 * Logs from a media thread: hands lines to the main thread, at most 50 of each level in 10 s; a later line says how many were left out.
 * Strangers' packets can trigger lines, so what is not logged costs next to nothing.
 */
export class MediaLog {
  readonly #outlet: Outlet;
  readonly #bindings: Readonly<Record<string, unknown>>;

  private constructor(outlet: Outlet, bindings: Readonly<Record<string, unknown>>) {
    this.#outlet = outlet;
    this.#bindings = bindings;
  }

  /** `level`: minimum, as pino names it; `trace` logs as much as `debug`. Undefined or `silent`: nothing is logged. */
  static create(post: (line: MediaLogLine) => void, level: string | undefined): MediaLog {
    const minRank =
      level === 'trace' ? RANKS.debug : (RANKS[level as MediaLogLevel] ?? Number.POSITIVE_INFINITY);
    const lines = { debug: 0, info: 0, warn: 0, error: 0 };
    return new MediaLog({ post, minRank, windowStartMs: performance.now(), lines, suppressed: 0 }, {});
  }

  /** A logger whose lines carry these fields too. They share the limit. */
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

/** An error may hold what cannot be sent to another thread. */
function plain({ err, ...fields }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (err === undefined) {
    return fields;
  }
  return { ...fields, error: err instanceof Error ? (err.stack ?? err.message) : String(err) };
}
