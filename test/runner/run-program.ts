import { spawn } from 'node:child_process';

export interface ProgramResult {
  /** The exit status, `timed out`, or the signal that ended it. */
  readonly status: number | 'timed out' | NodeJS.Signals;
  readonly output: string;
  readonly durationMs: number;
}

const running = new Set<number>();

/**
 * Runs a program in its own process group, so that everything it started ends with it, at the latest after `timeoutMs`.
 */
export function runProgram(
  program: string,
  args: readonly string[],
  options: { cwd: string; timeoutMs: number },
): Promise<ProgramResult> {
  const startedMs = performance.now();
  const child = spawn(program, args, { cwd: options.cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let output = '';
  let timedOut = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      output += text;
    });
  }
  const { pid } = child;
  if (pid !== undefined) {
    running.add(pid);
  }
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup(pid);
  }, options.timeoutMs);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => {
      clearTimeout(timer);
      // Processes that it left behind would hold its standard streams open.
      killGroup(pid);
    });
    child.once('close', (code, signal) => {
      if (pid !== undefined) {
        running.delete(pid);
      }
      const status = timedOut ? 'timed out' : (code ?? signal ?? 1);
      resolve({ status, output, durationMs: performance.now() - startedMs });
    });
  });
}

/** Ends all running programs and everything they started. */
export function killAll(): void {
  for (const pid of running) {
    killGroup(pid);
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) {
    return;
  }
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has already ended.
  }
}
