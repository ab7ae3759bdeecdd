export interface BreakoutRow {
  /** The main room. */
  parent_id: string;
  /** JSON: a Plan. */
  plan: string;
  changed_at_ms: number;
}

declare module '../../store/tables.ts' {
  interface Tables {
    breakouts: BreakoutRow;
  }
}
