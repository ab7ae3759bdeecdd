import type { Socket } from 'socket.io';

interface EngineSocket {
  writeBuffer: Array<{ data?: unknown }>;
  transport: { socket?: { bufferedAmount?: number } };
}

/**
 * How much is waiting to be sent on a socket, in bytes: what engine.io holds back and what the WebSocket has not handed to the
 * kernel. Neither queue has a limit of its own (threat case 8).
 */
export function unsentBytes(socket: Socket): number {
  const engine = socket.conn as unknown as EngineSocket;
  let bytes = engine.transport.socket?.bufferedAmount ?? 0;
  for (const { data } of engine.writeBuffer) {
    bytes += typeof data === 'string' ? data.length : data instanceof Uint8Array ? data.byteLength : 0;
  }
  return bytes;
}
