import { once } from 'node:events';

/** The collector needs more than one run: what it frees first holds other things. */
const COLLECTIONS = 3;

/** The flag of Node that opens an inspector in each of a server's processes, on a port of its own. */
export const INSPECTABLE = '--inspect=127.0.0.1:0';

/** Addresses of the inspectors that a log names: the server's is the first, that of the running gateway the last. */
export function inspectorsIn(log: string): string[] {
  return log.match(/ws:\/\/127\.0\.0\.1:\d+\/[\w-]+/g) ?? [];
}

/** Collects a process's garbage, which gives memory back to the system, and returns what its main thread's live objects take, in bytes. */
export async function collectGarbage(inspector: string | undefined): Promise<number> {
  if (inspector === undefined) {
    throw new TypeError('the process has no inspector');
  }
  const socket = new WebSocket(inspector);
  await once(socket, 'open');
  try {
    for (let time = 0; time < COLLECTIONS; time++) {
      await ask(socket, 'HeapProfiler.collectGarbage');
    }
    return (await ask<{ usedSize: number }>(socket, 'Runtime.getHeapUsage')).usedSize;
  } finally {
    socket.close();
    await once(socket, 'close');
  }
}

async function ask<T>(socket: WebSocket, method: string): Promise<T> {
  socket.send(JSON.stringify({ id: 1, method }));
  for (;;) {
    const [{ data }] = (await once(socket, 'message')) as [MessageEvent<string>];
    const { id, result } = JSON.parse(data) as { id?: number; result: T };
    if (id === 1) {
      return result;
    }
  }
}
