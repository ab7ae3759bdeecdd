/** How one test, or one check, ended. */
export interface Outcome {
  readonly name: string;
  readonly result: 'passed' | 'failed' | 'skipped';
  readonly durationMs: number;
  /** Why it failed or was skipped. */
  readonly reason?: string;
}

/** How a test file, or a check, ended. */
export interface FileOutcome {
  /** Relative to the project's root; `checks/...` for a check. */
  readonly path: string;
  readonly outcomes: readonly Outcome[];
  readonly durationMs: number;
  /** What its tests told: figures, by `t.diagnostic()`. */
  readonly told: readonly string[];
  /** What it printed itself. */
  readonly output: string;
}
