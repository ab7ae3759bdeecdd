/**
 * All tables by name, with the type of their rows. Times are Unix times in milliseconds. Only the store's own tables are declared here: the
 * kernel and each feature add theirs by declaration merging, next to the code that uses them.
 */
export interface Tables {
  /** Secrets that all servers on a database share, by name. */
  secrets: { name: string; value: string };
  /** A single row that readiness checks write. */
  probes: { id: number; written_at_ms: number };
}
