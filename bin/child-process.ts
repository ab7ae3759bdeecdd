import { CanopyError } from '../base/index.ts';

export interface ChildOptions<Message> {
  take(message: Message): Promise<void>;
  /** Finishes the work in progress. */
  close(): Promise<unknown>;
  /** How long that may take before the process exits, in milliseconds. */
  closeMs: number;
}

/** What a child process sends to its supervisor, and how it ends. */
export interface Child<Message> {
  /** Sends a message; it is lost if the supervisor has gone. */
  send(message: Message): void;
  /** Closes, then exits. Only the first call counts. @param status the exit status; default 0 */
  exit(status?: number): Promise<void>;
}

/**
 * Makes this process a child of `canopy serve`, which starts, restarts and closes it over IPC (child-supervisor.ts). Signals from a terminal or
 * systemd reach both processes: the server lets people finish first, so this one ignores them and waits for the server.
 */
export function becomeChild<To, From extends object>({
  take,
  close,
  closeMs,
}: ChildOptions<To>): Child<From> {
  let closing = false;
  const exit = async (status = 0) => {
    if (closing) {
      return;
    }
    closing = true;
    setTimeout(() => process.exit(status), closeMs).unref();
    await close().catch(() => {});
    process.exit(status);
  };
  // Without a handler, SIGUSR1 would open a debugger and SIGUSR2 end the process.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) {
    process.on(signal, () => {});
  }
  process.on('disconnect', () => void exit());
  process.on('message', (message: To) => void take(message));
  return {
    send(message) {
      if (process.connected) {
        process.send?.(message);
      }
    },
    exit,
  };
}

/** The error as a supervisor gets it, with the detail that the log does not have. */
export function failureOf(error: unknown) {
  const coded = CanopyError.from(error);
  const detail = coded.detail ?? (coded.cause instanceof Error ? coded.cause.message : undefined);
  return { ...coded.toJSON(), ...(detail !== undefined && { detail }) };
}
