import { readFileSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

const NICENESS = -10;
/** Index of the session id after the command name in /proc/self/stat. */
const SESSION_FIELD = 3;

/** Raises the priority of the calling thread, if permitted (root, or LimitNICE= of the service). */
export function raisePriority(): void {
  try {
    setPriority(NICENESS);
    if (leadsSession()) {
      writeFileSync('/proc/self/autogroup', `${NICENESS}`);
    }
  } catch {
    // Not permitted, or not Linux: keep the normal priority.
  }
}

/**
 * Whether this process leads its session, as a service does. Linux divides the cores between sessions first, and niceness applies only
 * within a session (sched(7), "The autogroup feature"), so the priority of the whole session must be raised. A terminal's session is not
 * ours to raise.
 */
function leadsSession(): boolean {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
  return Number(fields[SESSION_FIELD]) === process.pid;
}
