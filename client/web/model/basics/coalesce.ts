/** Returns a function that calls `act` once, some milliseconds after it was first called; further calls until then change nothing. */
export function coalesce(act: () => void, delayMs: number): { soon(): void; stop(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    soon: () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        act();
      }, delayMs);
    },
    stop: () => {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
