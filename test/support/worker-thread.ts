import { once } from 'node:events';

interface InspectorMessage {
  method?: string;
  params: { sessionId: string; workerInfo: { title: string } };
}

/**
 * Crashes a worker thread of another Node process with an uncaught exception. Resolves once the thread has ended.
 *
 * @param log output of that process, which runs under `--inspect=127.0.0.1:0`; of several processes, the one started last is used
 * @param name the worker thread's name
 */
export async function crashWorkerThread(log: string, name: string): Promise<void> {
  const url = [...log.matchAll(/Debugger listening on (ws:\S+)/g)].at(-1)?.[1];
  if (url === undefined) {
    throw new TypeError('the process has no inspector');
  }
  const socket = new WebSocket(url);
  await once(socket, 'open');
  const send = (id: number, method: string, params: object = {}) =>
    socket.send(JSON.stringify({ id, method, params }));
  const ended = new Promise<void>((resolve, reject) => {
    let victim: string | undefined;
    socket.addEventListener('close', () => reject(new Error(`worker ${name} was not reported to end`)));
    socket.addEventListener('message', ({ data }) => {
      const { method, params } = JSON.parse(String(data)) as InspectorMessage;
      // The inspector also attaches to the replacement, which must survive.
      if (
        victim === undefined &&
        method === 'NodeWorker.attachedToWorker' &&
        params.workerInfo.title.includes(name)
      ) {
        victim = params.sessionId;
        const expression = 'setImmediate(() => { throw new Error("a fault") })';
        const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } });
        send(2, 'NodeWorker.sendMessageToWorker', { sessionId: victim, message });
      } else if (method === 'NodeWorker.detachedFromWorker' && params.sessionId === victim) {
        resolve();
      }
    });
    send(1, 'NodeWorker.enable', { waitForDebuggerOnStart: false });
  });
  const giveUp = setTimeout(() => socket.close(), 10_000);
  try {
    await ended;
  } finally {
    clearTimeout(giveUp);
    socket.close();
  }
}
