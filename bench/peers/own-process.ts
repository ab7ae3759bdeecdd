import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

const START_TIMEOUT_MS = 20_000;

/** Runs a server program whose files are in a folder of its own, which close() deletes, until it listens. @throws {Error} it does not start */
export async function startServer(
  command: readonly [string, ...string[]],
  { port, folder }: { port: number; folder: string },
): Promise<{ close(): Promise<void> }> {
  const server = new OwnProcess(command);
  const close = async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await server.listening(port);
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A server program that runs until it is closed. */
class OwnProcess {
  readonly #child: ChildProcess;
  readonly #output: string[] = [];
  #error: Error | undefined;

  constructor([program, ...args]: readonly [string, ...string[]]) {
    this.#child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.once('error', (error) => {
      this.#error = error;
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) {
        createInterface({ input: stream }).on('line', (line) => {
          this.#output.push(line);
          this.#output.splice(0, this.#output.length - 20);
        });
      }
    }
  }

  /** Resolves when something listens on a TCP port of loopback. @throws {Error} the program ended, or took too long */
  async listening(port: number): Promise<void> {
    const endMs = performance.now() + START_TIMEOUT_MS;
    while (performance.now() < endMs && !this.#ended) {
      if (await connects(port)) {
        return;
      }
      await delay(50);
    }
    throw new Error(`the server did not start:\n${this.#error ?? this.#output.join('\n')}`);
  }

  async close(): Promise<void> {
    if (this.#ended) {
      return;
    }
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await exited;
    clearTimeout(timer);
  }

  get #ended(): boolean {
    return this.#error !== undefined || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
