import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { buffer, text } from 'node:stream/consumers';

/** A program with its arguments. */
export type Command = [program: string, ...args: string[]];

const INSTALL_HINT = 'clips need: apt-get install ffmpeg espeak-ng gcc libvpx-dev libopus-dev';

/** Runs commands as a shell pipeline, and returns the output of the last one. */
export async function runPipeline(commands: readonly Command[]): Promise<Buffer> {
  const children = commands.map(([program, ...args], index) =>
    spawn(program, args, { stdio: [index === 0 ? 'ignore' : 'pipe', 'pipe', 'pipe'] }),
  );
  const ended = children.map(async (child, index) => {
    const program = commands[index]?.[0];
    const closed = once(child, 'close').catch((cause) => {
      throw new Error(`cannot run ${program}; ${INSTALL_HINT}`, { cause });
    });
    const [messages, [code]] = await Promise.all([text(child.stderr as NodeJS.ReadableStream), closed]);
    if (code !== 0) {
      throw new Error(`${program} failed with ${code}: ${messages.trim()}; ${INSTALL_HINT}`);
    }
  });
  children.forEach((child, index) => {
    const next = children[index + 1];
    if (!next?.stdin || !child.stdout) {
      return;
    }
    // A program that exits early closes its pipe; its exit status says why.
    next.stdin.on('error', () => child.kill());
    child.stdout.pipe(next.stdin);
  });
  const last = children.at(-1);
  if (!last?.stdout) {
    return Buffer.alloc(0);
  }
  const [output] = await Promise.all([buffer(last.stdout), ...ended]);
  return output;
}
