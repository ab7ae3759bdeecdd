import { once } from 'node:events';
import net from 'node:net';
import { DeliveryQueue } from './delivery-queue.ts';
import { Link } from './link.ts';
import type { Schedule } from './profile.ts';
import { createRandom } from './random.ts';

export interface TcpRelayOptions {
  listen: { address: string; port: number };
  upstream: { address: string; port: number };
  /** Delay, jitter and rate towards the server. Loss, reordering and queue limits must be absent, as a reliable stream cannot show them. */
  up?: Schedule;
  down?: Schedule;
  /** Seed of the jitter. Default 1. */
  seed?: number;
  /** How long a connection takes to open, in milliseconds, as seen by the client. Default 0: the relay accepts it at once. */
  openingMs?: number;
  /** Sees each piece of data (empty: the connection opens) when the client sends it or receives it. */
  observe?: (from: 'client' | 'server', data: Buffer) => void;
}

/** One direction of a connection. */
interface Way {
  link: Link;
  openAtMs: number;
  /** Called with what the sender sends, and with what the receiver gets. */
  sent?: (data: Buffer) => void;
  delivered?: (data: Buffer) => void;
}

/** Bytes buffered per direction before the relay stops reading. */
const HELD_BYTES = 1 << 20;

/** A relay for signalling over TCP with delay, jitter and rate, in order and without loss. */
export class TcpRelay {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  readonly #queue = new DeliveryQueue(() => performance.now());
  #closed = false;

  private constructor(server: net.Server) {
    this.#server = server;
  }

  static async create(options: TcpRelayOptions): Promise<TcpRelay> {
    for (const { profile } of [...(options.up ?? []), ...(options.down ?? [])]) {
      if (
        profile.loss ||
        profile.reorderShare ||
        profile.duplicateShare ||
        profile.queueBytes ||
        profile.queueMs
      ) {
        throw new TypeError('a TCP relay supports only delayMs, jitterMs, rateBps and burstBytes');
      }
    }
    const server = net.createServer({ noDelay: true, allowHalfOpen: true });
    const relay = new TcpRelay(server);
    const startMs = performance.now();
    const { openingMs = 0, observe = () => undefined } = options;
    let seed = options.seed ?? 1;
    server.on('connection', (client) => {
      const openAtMs = performance.now() + openingMs;
      observe('client', Buffer.alloc(0));
      relay.#queue.add(openAtMs, () => observe('server', Buffer.alloc(0)));
      const upstream = net.connect({
        host: options.upstream.address,
        port: options.upstream.port,
        noDelay: true,
        allowHalfOpen: true,
      });
      const link = (schedule: Schedule = []) => new Link({ schedule, random: createRandom(seed++), startMs });
      relay.#pipe(client, upstream, {
        link: link(options.up),
        openAtMs,
        sent: (data) => relay.#queue.add(openAtMs, () => observe('client', data)),
      });
      relay.#pipe(upstream, client, {
        link: link(options.down),
        openAtMs,
        delivered: (data) => observe('server', data),
      });
    });
    server.listen(options.listen.port, options.listen.address);
    await once(server, 'listening');
    return relay;
  }

  get address(): { address: string; port: number } {
    const { address, port } = this.#server.address() as net.AddressInfo;
    return { address, port };
  }

  /** Cuts every connection, like a failing network; new ones are accepted. */
  cut(): void {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  close(): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#queue.close();
    this.cut();
    this.#server.close();
  }

  #pipe(from: net.Socket, to: net.Socket, { link, openAtMs, sent, delivered }: Way): void {
    let heldBytes = 0;
    // What is sent before the connection is open leaves when it opens.
    const nowMs = () => Math.max(performance.now(), openAtMs);
    this.#sockets.add(from);
    from.on('data', (data) => {
      heldBytes += data.length;
      if (heldBytes > HELD_BYTES) {
        from.pause();
      }
      sent?.(data);
      for (const atMs of link.send(nowMs(), data.length)) {
        this.#queue.add(atMs, () => {
          heldBytes -= data.length;
          delivered?.(data);
          if (!to.destroyed) {
            to.write(data);
          }
          if (heldBytes <= HELD_BYTES && to.writableLength <= HELD_BYTES) {
            from.resume();
          }
        });
      }
    });
    to.on('drain', () => from.resume());
    from.on('end', () => {
      for (const atMs of link.send(nowMs(), 0)) {
        this.#queue.add(atMs, () => to.end());
      }
    });
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      if (from.errored || !from.readableEnded) {
        to.destroy();
      }
    });
  }
}
