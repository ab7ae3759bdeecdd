import { SetupError } from './errors.mjs';

/** Whole seconds as a person reads them: "8 s", "6 min 05 s". @param {number} seconds */
function duration(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) {
    return `${seconds.toFixed(1)} s`;
  }
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}

/** @param {string} line */
export function say(line) {
  process.stderr.write(`canopy: ${line}\n`);
}

/**
 * Does one step and prints what it was, and how long it took, once it is over. A step of more than a second is
 * announced when it begins, so that the screen is not empty.
 * @template T
 * @param {string} title what is done, as "installing the dependencies"
 * @param {(note: (line: string) => void) => Promise<T>} work may call `note` to report how far it is
 * @returns {Promise<T>}
 */
export async function step(title, work) {
  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1000;
  const announcement = setTimeout(() => say(`${title} ...`), 1000);
  try {
    const result = await work((line) => say(`  ${line} (${duration(seconds())})`));
    say(`${title}: done in ${duration(seconds())}`);
    return result;
  } finally {
    clearTimeout(announcement);
  }
}

/**
 * Runs a command and gives the process its exit status. What a person can mend is told as a sentence, everything else
 * with its stack.
 * @param {() => Promise<number>} command
 */
export async function reportErrors(command) {
  try {
    process.exitCode = await command();
  } catch (error) {
    if (!(error instanceof SetupError)) {
      throw error;
    }
    say(error.message);
    process.exitCode = 1;
  }
}
