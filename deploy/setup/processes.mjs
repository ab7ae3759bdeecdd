import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, createWriteStream, constants as fsConstants } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';

/**
 * Runs a program to its end and returns its exit status and everything it printed.
 * @param {string} program
 * @param {string[]} args
 * @param {object} [options]
 * @param {string} [options.cwd]
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {string} [options.log] a file that gets the output as it comes
 * @param {number} [options.timeoutMs] the program is ended after this time; without it, it may take as long as it likes
 * @param {(text: string) => void} [options.onOutput]
 * @returns {Promise<{ status: number, output: string }>} status 127: it could not be started
 */
export async function run(program, args, { cwd, env, log, timeoutMs, onOutput } = {}) {
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs });
  const file = log === undefined ? undefined : createWriteStream(log);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text) => {
      output += text;
      file?.write(text);
      onOutput?.(text);
    });
  }
  /** @type {number} */
  const status = await new Promise((resolve) => {
    child.once('error', (error) => {
      output += `${error.message}\n`;
      resolve(127);
    });
    child.once('close', (code, signal) => resolve(signal === null ? (code ?? 1) : 128));
  });
  if (file !== undefined) {
    file.end();
    await once(file, 'finish');
  }
  return { status, output };
}

/** The last lines of what a program printed, for an error message. @param {string} output */
export function tail(output, lines = 15) {
  return output.trimEnd().split('\n').slice(-lines).join('\n');
}

/**
 * The path of a program that the PATH finds.
 * @param {string} name
 * @returns {string | undefined}
 */
export function findProgram(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, fsConstants.X_OK);
      return path;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

/**
 * Runs a program in place of this one: same standard streams, signals forwarded. Resolves with the exit status to exit with.
 * @param {string} program
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>}
 */
export async function become(program, args, env) {
  const child = spawn(program, args, { stdio: 'inherit', env });
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT', 'SIGHUP'])) {
    // From a terminal, all of its programs get SIGINT and SIGHUP; passing them on would make two of each.
    const fromTerminal = process.stdin.isTTY && signal !== 'SIGTERM';
    process.on(signal, () => {
      if (!fromTerminal) {
        child.kill(signal);
      }
    });
  }
  // The program ignores these signals; by default one would end this process and the other open its debugger.
  for (const signal of ['SIGUSR1', 'SIGUSR2']) {
    process.on(signal, () => {});
  }
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
}
