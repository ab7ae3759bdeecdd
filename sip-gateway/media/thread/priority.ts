import { readFileSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

const NICENESS = -10;
/** Of what follows the command's name in /proc/self/stat. */
const SESSION_FIELD = 3;

/** Puts the calling thread ahead of other work on the machine, as far as that is allowed (root, or LimitNICE= of the service). */
export function goFirst(): void {
  try {
    setPriority(NICENESS);
    if (leadsSession()) {
      writeFileSync('/proc/self/autogroup', `${NICENESS}`);
    }
  } catch {
    // Not allowed, or no Linux: then it shares like everybody.
  }
}

/**
 * Linux shares the cores out between sessions first, and niceness counts within one only (sched(7), "The autogroup feature"): other
 * sessions' programs would get as much as all of ours together. A session that this process began, as a service does, is raised as a
 * whole; a terminal's is left alone.
 */
function leadsSession(): boolean {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
  return Number(fields[SESSION_FIELD]) === process.pid;
}
