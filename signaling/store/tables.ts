/**
 * Every table by its name, with the type of its rows. Times are Unix times in milliseconds. Here are only those that the store itself
 * needs: the kernel and each feature add theirs by declaration merging, beside the code that uses them.
 */
export interface Tables {
  /** Secrets that all servers on a database share, by name. */
  secrets: { name: string; value: string };
  /** One row, which readiness checks write. */
  probes: { id: number; written_at_ms: number };
}
