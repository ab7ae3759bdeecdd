import type { WebSocket } from 'ws';

/** Interval of pings, in milliseconds. */
const PING_MS = 15_000;

/**
 * Ends an open WebSocket whose other side shows no sign of life from one ping to the next (RFC 6455, section 5.5.2): it hangs, or the network
 * between is gone.
 *
 * @param ending called just before the socket is terminated
 */
export function endWhenSilent(socket: WebSocket, pingMs = PING_MS, ending: () => void = () => {}): void {
  let isAlive = true;
  const alive = () => {
    isAlive = true;
  };
  const timer = setInterval(() => {
    if (isAlive) {
      isAlive = false;
      socket.ping();
      return;
    }
    // If this process was stopped meanwhile, the answer is read just now.
    setImmediate(() => {
      if (!isAlive) {
        ending();
        socket.terminate();
      }
    });
  }, pingMs);
  timer.unref();
  socket.on('pong', alive);
  socket.on('message', alive);
  socket.once('close', () => clearInterval(timer));
}
