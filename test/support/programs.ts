import { type ChildProcess, execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';
import { promisify } from 'node:util';

/** Whether a program is installed; tests that need it are skipped otherwise. */
export async function installed(program: string): Promise<boolean> {
  try {
    await promisify(execFile)('which', [program]);
    return true;
  } catch {
    return false;
  }
}

/** Finds a loopback port that is free for UDP and TCP. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const socket = createSocket('udp4');
  const free = await new Promise<boolean>((resolve) => {
    socket.once('error', () => resolve(false));
    socket.bind(port, '127.0.0.1', () => resolve(true));
  });
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (!free) {
    return freePort();
  }
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

/** Connects to a program that is starting. Gives up after 10 s or when the program has ended. */
export async function connectWhenUp(port: number, program?: ChildProcess): Promise<Socket> {
  for (let attempt = 0; attempt < 200 && (program?.exitCode ?? null) === null; attempt++) {
    const socket = connect(port, '127.0.0.1');
    const up = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    if (up) {
      return socket;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing listens on port ${port}`);
}
