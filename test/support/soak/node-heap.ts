import { once } from 'node:events';

/** Runs of the garbage collector: objects freed in one run release others for the next. */
const COLLECTIONS = 3;

/** Node's flag that opens an inspector on a free port in each of a server's processes. */
export const INSPECTABLE = '--inspect=127.0.0.1:0';

/** Inspector addresses in a log: the server's is the first, the running gateway's the last. */
export function inspectorsIn(log: string): string[] {
  return log.match(/ws:\/\/127\.0\.0\.1:\d+\/[\w-]+/g) ?? [];
}

/** Collects a process's garbage, returning memory to the system. Returns the size of its main thread's live objects, in bytes. */
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
