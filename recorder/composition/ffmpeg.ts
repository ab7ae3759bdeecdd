import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { CanopyError } from '../../base/index.ts';

/** How much of what ffmpeg complains about is kept, and how much of it an error quotes, in characters. */
const COMPLAINT = 2000;
const DETAIL = 280;
/** Without progress for this long, in milliseconds, it is taken to hang: it may be slow, since everything else goes first. */
const STALLED_MS = 20 * 60_000;

export interface FfmpegOptions {
  /** The working folder. */
  cwd: string;
  /** Kills it. */
  signal: AbortSignal;
  /** How much is written, in milliseconds. */
  onProgress(writtenMs: number): void;
}

/**
 * Runs ffmpeg with the lowest priority for processors and disks.
 *
 * @throws {CanopyError} COMPOSER_MISSING - there is no such program; RECORDING_DISK_FULL; COMPOSITION_FAILED
 */
export async function runFfmpeg(
  args: readonly string[],
  { cwd, signal, onProgress }: FfmpegOptions,
): Promise<void> {
  const program = await findProgram('ffmpeg');
  if (program === undefined) {
    throw new CanopyError('COMPOSER_MISSING');
  }
  const [command = '', ...rest] = [...(await prefix()), program, ...QUIET, ...args];
  // Not detached: where the kernel schedules by sessions (autogroup), priorities only count within one.
  const child = spawn(command, rest, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  if (child.pid === undefined) {
    // It could not be started, and has no pipes.
    await closed;
  }
  const kill = () => child.kill('SIGKILL');
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-COMPLAINT);
  });
  let lastUs = -1;
  let stalled = setTimeout(kill, STALLED_MS);
  createInterface(child.stdout).on('line', (line) => {
    const us = Number(/^out_time_us=(\d+)$/.exec(line)?.[1] ?? lastUs);
    if (us > lastUs) {
      lastUs = us;
      clearTimeout(stalled);
      stalled = setTimeout(kill, STALLED_MS);
      onProgress(us / 1000);
    }
  });
  signal.addEventListener('abort', kill);
  try {
    if (signal.aborted) {
      kill();
    }
    const [status] = await closed;
    signal.throwIfAborted();
    if (status !== 0) {
      throw complaint.includes('No space left on device')
        ? new CanopyError('RECORDING_DISK_FULL')
        : new CanopyError(
            'COMPOSITION_FAILED',
            complaint.trim().slice(-DETAIL) || `ffmpeg ended with status ${status}`,
          );
    }
  } finally {
    clearTimeout(stalled);
    signal.removeEventListener('abort', kill);
  }
}

const run = promisify(execFile);
/** The encoders and filters of the four formats, and of names. */
const NEEDED = ['libx264', 'aac', 'libvpx-vp9', 'libopus', 'ass'];
const QUIET = ['-nostdin', '-hide_banner', '-nostats', '-v', 'error', '-progress', 'pipe:1', '-y'];

/** What this machine lacks to make videos of recordings; undefined: nothing. */
export async function missingForVideos(): Promise<string | undefined> {
  const program = await findProgram('ffmpeg');
  if (program === undefined) {
    return 'ffmpeg is not installed, so no videos can be made of recordings (apt-get install ffmpeg)';
  }
  const lists = ['-encoders', '-filters'].map((list) => run(program, ['-hide_banner', list]));
  const known = (await Promise.all(lists)).map(({ stdout }) => stdout).join('\n');
  const missing = NEEDED.filter((name) => !known.includes(` ${name} `));
  return missing.length === 0 ? undefined : `${program} was built without ${missing.join(', ')}`;
}

/** What to put before a command, so that it has the lowest priority, and ends with this process even if that is killed. */
async function prefix(): Promise<string[]> {
  const commands = [
    ['setpriv', '--pdeathsig', 'KILL'],
    ['nice', '-n', '19'],
    ['ionice', '-c', '3'],
  ];
  const found = await Promise.all(
    commands.map(async ([name = '', ...args]) => {
      const path = await findProgram(name);
      return path === undefined ? [] : [path, ...args];
    }),
  );
  return found.flat();
}

/** The path of a program in the PATH; undefined: there is none. */
async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    if (
      folder !== '' &&
      (await access(path, constants.X_OK).then(
        () => true,
        () => false,
      ))
    ) {
      return path;
    }
  }
  return undefined;
}
