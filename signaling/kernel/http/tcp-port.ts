import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { CanopyError, LineLimit, type Logger, networkOf } from '../../../base/index.ts';
import type { NestedBudget } from '../budgets/index.ts';

export interface TcpPortOptions {
  log: Logger;
  /** Budget for TCP connections, charged on accept: before a handshake, a request or an upgrade. */
  connections: NestedBudget;
}

/** A port that accepts connections within a budget. */
export class TcpPort {
  readonly #options: TcpPortOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #lines: LineLimit;

  constructor(options: TcpPortOptions, onConnection: (socket: Socket) => void) {
    this.#options = options;
    this.#lines = new LineLimit(options.log);
    this.#server = createServer((socket) => {
      if (this.#admit(socket)) {
        onConnection(socket);
      }
    });
    // E.g. out of descriptors: this connection is lost, later ones succeed.
    this.#server.on('error', ({ code }: NodeJS.ErrnoException) =>
      this.note('connection not accepted', code ?? 'unknown'),
    );
  }

  /** The bound port. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /**
   * Starts listening.
   *
   * @param setting how to choose another port
   * @throws {CanopyError} PORT_IN_USE; CONFIG_INVALID - the host is not an address of this machine
   */
  async listen(host: string, port: number, setting: string): Promise<void> {
    try {
      const listening = once(this.#server, 'listening');
      this.#server.listen({ host, port });
      await listening;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EAFNOSUPPORT' && host === '::') {
        await this.listen('0.0.0.0', port, setting);
      } else if (code === 'EADDRINUSE' || code === 'EACCES') {
        throw new CanopyError('PORT_IN_USE', `TCP ${host} port ${port}: ${code} (${setting})`, {
          cause: error,
        });
      } else if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
        throw new CanopyError(
          'CONFIG_INVALID',
          `server.host (${JSON.stringify(host)}): ${code}, not an address of this machine`,
          { cause: error },
        );
      } else {
        throw error;
      }
    }
  }

  /** Stops listening, and ends all connections. */
  async close(): Promise<void> {
    const closed = this.#server.listening ? once(this.#server, 'close') : undefined;
    this.#server.close();
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    await closed;
  }

  /** Logs events that anyone can cause, each kind once per minute and network. */
  note(message: string, code: string, address = 'unknown'): void {
    const isShown = this.#lines.may(`${message} ${code} ${networkOf(address)}`);
    this.#options.log[isShown ? 'info' : 'debug']({ code, address }, message);
  }

  /** Logs that a TLS handshake failed, and ends its connection. */
  refuse(socket: TLSSocket, { code, message }: NodeJS.ErrnoException): void {
    this.note('TLS handshake failed', code ?? message, addressOf(socket));
    socket.destroy();
  }

  #admit(socket: Socket): boolean {
    socket.on('error', () => socket.destroy());
    const { remoteAddress = '' } = socket;
    try {
      const release = this.#options.connections.take({ address: networkOf(remoteAddress) });
      this.#sockets.add(socket);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        release();
      });
      return true;
    } catch (error) {
      this.note('connection refused', CanopyError.from(error).code, remoteAddress);
      socket.resetAndDestroy();
      return false;
    }
  }
}

/** The peer address of a TLS socket, even after it has closed: the underlying connection still knows it. */
function addressOf(socket: TLSSocket): string | undefined {
  const { _parent: below } = socket as TLSSocket & { _parent?: Socket };
  return socket.remoteAddress ?? below?.remoteAddress;
}
