/** Result of one test or check. */
export interface Outcome {
  readonly name: string;
  readonly result: 'passed' | 'failed' | 'skipped';
  readonly durationMs: number;
  /** Why it failed or was skipped. */
  readonly reason?: string;
}

/** Result of a test file or check. */
export interface FileOutcome {
  /** Relative to the project's root; `checks/…` for a check. */
  readonly path: string;
  readonly outcomes: readonly Outcome[];
  readonly durationMs: number;
  /** Figures that its tests reported with `t.diagnostic()`. */
  readonly figures: readonly string[];
  /** Its own output. */
  readonly output: string;
}
