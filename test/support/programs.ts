import { type ChildProcess, execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { promisify } from 'node:util';

/** Ports of programs in tests; the gateway's RTP ports begin above them. */
const FIRST_PORT = 20_000;
const PORTS = 10_000;
/** Some programs take the ports after theirs as well: baresip for TLS, sipp for video. */
const STEP = 10;
let lastPort = FIRST_PORT + randomInt(PORTS / STEP) * STEP;

/** Whether a program is installed; tests that need it are skipped otherwise. */
export async function installed(program: string): Promise<boolean> {
  try {
    await promisify(execFile)('which', [program]);
    return true;
  } catch {
    return false;
  }
}

/**
 * Finds a loopback port that is free for UDP and TCP. It is below those that the system gives to connections, so that none takes it
 * before the program that it is for.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    lastPort = FIRST_PORT + ((lastPort - FIRST_PORT + STEP) % PORTS);
    const port = lastPort;
    const server = createServer();
    const socket = createSocket('udp4');
    const bound = await Promise.all([
      binds(server, () => server.listen(port, '127.0.0.1')),
      binds(socket, () => socket.bind(port, '127.0.0.1')),
    ]);
    if (bound.every(Boolean)) {
      await Promise.all([closed(server), closed(socket)]);
      return port;
    }
    for (const taken of [server, socket].filter((_, n) => bound[n])) {
      taken.close();
    }
  }
}

async function binds(socket: Server | UdpSocket, start: () => void): Promise<boolean> {
  start();
  try {
    await once(socket, 'listening');
    return true;
  } catch {
    return false;
  }
}

async function closed(socket: Server | UdpSocket): Promise<void> {
  socket.close();
  await once(socket, 'close');
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
