import { once } from 'node:events';

/** Runs of the garbage collector: objects freed in one run release others for the next. */
const COLLECTIONS = 3;

/** Node's flag that opens an inspector on a free port in each of a server's processes. */
export const INSPECTABLE = '--inspect=127.0.0.1:0';

/** Inspector addresses in a log: the server's is the first, the running gateway's the last. */
export function inspectorsIn(log: string): string[] {
  return log.match(/ws:\/\/127\.0\.0\.1:\d+\/[\w-]+/g) ?? [];
}

/** Collects the garbage of all of a process's threads, returning memory to the system. Returns the size of their live objects, in bytes. */
export async function collectGarbage(inspector: string | undefined): Promise<number> {
  if (inspector === undefined) {
    throw new TypeError('the process has no inspector');
  }
  const main = await Inspector.open(inspector);
  try {
    const threads: Ask[] = [main.ask, ...(await main.workers())];
    let bytes = 0;
    for (const ask of threads) {
      for (let time = 0; time < COLLECTIONS; time++) {
        await ask('HeapProfiler.collectGarbage');
      }
      bytes += ((await ask('Runtime.getHeapUsage')) as { usedSize: number }).usedSize;
    }
    return bytes;
  } finally {
    await main.close();
  }
}

/** Asks one thread's inspector. */
type Ask = (method: string, params?: object) => Promise<unknown>;

interface Message {
  id?: number;
  result?: unknown;
  method?: string;
  params?: { sessionId: string; message?: string };
}

/** The inspector of a process, through which those of its worker threads are reached. */
class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<string, (result: unknown) => void>();
  readonly #sessions: string[] = [];
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }: MessageEvent<string>) => this.#take(JSON.parse(data), ''));
  }

  static async open(url: string): Promise<Inspector> {
    const socket = new WebSocket(url);
    await once(socket, 'open');
    return new Inspector(socket);
  }

  readonly ask: Ask = (method, params = {}) => {
    this.#lastId += 1;
    this.#socket.send(JSON.stringify({ id: this.#lastId, method, params }));
    return this.#answer('', this.#lastId);
  };

  /** The process's worker threads. Those that exist are named before the answer. */
  async workers(): Promise<Ask[]> {
    await this.ask('NodeWorker.enable', { waitForDebuggerOnStart: false });
    return this.#sessions.map((sessionId) => async (method: string, params: object = {}) => {
      this.#lastId += 1;
      const id = this.#lastId;
      const answer = this.#answer(sessionId, id);
      await this.ask('NodeWorker.sendMessageToWorker', {
        sessionId,
        message: JSON.stringify({ id, method, params }),
      });
      return answer;
    });
  }

  async close(): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  #answer(sessionId: string, id: number): Promise<unknown> {
    return new Promise((resolve) => this.#waiting.set(`${sessionId} ${id}`, resolve));
  }

  #take({ id, result, method, params }: Message, sessionId: string): void {
    if (method === 'NodeWorker.attachedToWorker' && params) {
      this.#sessions.push(params.sessionId);
    } else if (method === 'NodeWorker.receivedMessageFromWorker' && params?.message !== undefined) {
      this.#take(JSON.parse(params.message), params.sessionId);
    } else if (id !== undefined) {
      this.#waiting.get(`${sessionId} ${id}`)?.(result);
      this.#waiting.delete(`${sessionId} ${id}`);
    }
  }
}
