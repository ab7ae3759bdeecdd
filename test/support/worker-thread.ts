interface InspectorMessage {
  method?: string;
  params: { sessionId: string; workerInfo: { title: string } };
}

/**
 * Crashes a worker thread of a server's processes with an uncaught exception. Resolves once the thread has ended.
 *
 * @param log output of those processes, which run under `--inspect=127.0.0.1:0`
 * @param name the worker thread's name, which only one of the processes has
 */
export async function crashWorkerThread(log: string, name: string): Promise<void> {
  const urls = [...log.matchAll(/Debugger listening on (ws:\S+)/g)].map(([, url]) => url as string);
  const inspectors = (await Promise.all(urls.map(connect))).filter((socket) => socket !== undefined);
  const close = () => {
    for (const socket of inspectors) {
      socket.close();
    }
  };
  const giveUp = setTimeout(close, 10_000);
  try {
    await Promise.any(inspectors.map((socket) => crash(socket, name)));
  } finally {
    clearTimeout(giveUp);
    close();
  }
}

/** Connects to an inspector. Returns undefined if its process has ended. */
function connect(url: string): Promise<WebSocket | undefined> {
  const socket = new WebSocket(url);
  return new Promise((resolve) => {
    socket.addEventListener('open', () => resolve(socket));
    socket.addEventListener('error', () => resolve(undefined));
  });
}

/** Crashes the thread if this inspector's process has it. Rejects if the socket closes before the thread has ended. */
function crash(socket: WebSocket, name: string): Promise<void> {
  const send = (id: number, method: string, params: object = {}) =>
    socket.send(JSON.stringify({ id, method, params }));
  return new Promise((resolve, reject) => {
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
}
