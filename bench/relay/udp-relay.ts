import dgram from 'node:dgram';
import { once } from 'node:events';
import { DeliveryQueue } from './delivery-queue.ts';
import { Link, type LinkCounters } from './link.ts';
import type { LinkProfile, Schedule, ScheduleStep } from './profile.ts';
import { createRandom } from './random.ts';

export interface UdpRelayOptions {
  /** Where clients send to: the address that the server announces. */
  listen: { address: string; port: number };
  /** Where the server really is. */
  upstream: { address: string; port: number };
  /** Profile from clients to the server. Default: a perfect wire. */
  up?: Schedule;
  /** Profile from the server to clients. Default: a perfect wire. */
  down?: Schedule;
  /** Whether all clients share one link, as behind one access line; otherwise each has its own link. Default false. */
  shared?: boolean;
  /** Seed of all randomness. Default 1. */
  seed?: number;
}

interface Links {
  up: Link;
  down: Link;
}

interface Flow extends Links {
  client: dgram.RemoteInfo;
  upstream: dgram.Socket;
}

const SOCKET_BUFFER_BYTES = 4 << 20;

/**
 * A relay between WebRTC clients and one UDP port of a media server that behaves like a NAT and a bad network: each client address gets
 * its own socket (and so port) towards the server, and a pair of seeded links. ICE works through it unchanged: the server announces the
 * relay's address in its candidate and, being ICE-lite, answers to the source of checks.
 */
export class UdpRelay {
  /** Sees every packet, with its client's address and port, and returns whether to forward it. */
  filter: (packet: Buffer, towards: 'server' | 'client', client: string) => boolean = () => true;
  readonly #options: UdpRelayOptions;
  readonly #socket: dgram.Socket;
  readonly #flows = new Map<string, Flow>();
  readonly #startMs = performance.now();
  readonly #up: ScheduleStep[];
  readonly #down: ScheduleStep[];
  readonly #queue = new DeliveryQueue(() => performance.now());
  #linkCount = 0;
  #sharedLinks: Links | undefined;
  #closed = false;

  private constructor(options: UdpRelayOptions, socket: dgram.Socket) {
    this.#options = options;
    this.#up = [...(options.up ?? [])];
    this.#down = [...(options.down ?? [])];
    this.#socket = socket;
    socket.on('message', (data, client) => this.#fromClient(data, client));
  }

  static async create(options: UdpRelayOptions): Promise<UdpRelay> {
    const socket = dgram.createSocket(socketOptions(options.listen.address));
    socket.bind(options.listen.port, options.listen.address);
    await once(socket, 'listening');
    return new UdpRelay(options, socket);
  }

  /** Where it listens. */
  get address(): { address: string; port: number } {
    const { address, port } = this.#socket.address();
    return { address, port };
  }

  /** One entry for each client so far, in the order of their first packets. */
  get counters(): Array<{ client: string; up: LinkCounters; down: LinkCounters }> {
    return [...this.#flows].map(([client, { up, down }]) => ({
      client,
      up: { ...up.counters },
      down: { ...down.counters },
    }));
  }

  /** Gives every client a new port towards the server, like a NAT that lost its table; the links stay. */
  rebind(): void {
    for (const flow of this.#flows.values()) {
      flow.upstream.close();
      flow.upstream = this.#openUpstream(flow);
    }
  }

  /** Changes the profiles of current and future links; an omitted direction stays unchanged. */
  shape({ up, down }: { up?: LinkProfile; down?: LinkProfile }): void {
    const atMs = performance.now() - this.#startMs;
    if (up) {
      this.#up.push({ atMs, profile: up });
    }
    if (down) {
      this.#down.push({ atMs, profile: down });
    }
  }

  /** Sends a packet to the server as if a client had sent it. */
  inject(packet: Buffer, client: string): void {
    const { port, address } = this.#options.upstream;
    this.#flows.get(client)?.upstream.send(packet, port, address, ignoreSendError);
  }

  close(): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#queue.close();
    for (const flow of this.#flows.values()) {
      flow.upstream.close();
    }
    this.#socket.close();
  }

  #fromClient(data: Buffer, client: dgram.RemoteInfo): void {
    const key = `${client.address}:${client.port}`;
    let flow = this.#flows.get(key);
    if (!flow) {
      flow = this.#openFlow(client);
      this.#flows.set(key, flow);
    }
    if (!this.filter(data, 'server', key)) {
      return;
    }
    const { port, address } = this.#options.upstream;
    for (const atMs of flow.up.send(performance.now(), data.length)) {
      this.#queue.add(atMs, () => flow.upstream.send(data, port, address, ignoreSendError));
    }
  }

  #openFlow(client: dgram.RemoteInfo): Flow {
    const flow = { client, ...this.#links() };
    return Object.assign(flow, { upstream: this.#openUpstream(flow) });
  }

  #links(): Links {
    const { seed = 1, shared = false } = this.#options;
    if (shared && this.#sharedLinks) {
      return this.#sharedLinks;
    }
    const startMs = this.#startMs;
    const random = () => createRandom(seed + this.#linkCount++);
    this.#sharedLinks = {
      up: new Link({ schedule: this.#up, random: random(), startMs }),
      down: new Link({ schedule: this.#down, random: random(), startMs }),
    };
    return this.#sharedLinks;
  }

  #openUpstream({ client, down }: Omit<Flow, 'upstream'>): dgram.Socket {
    const { upstream } = this.#options;
    const socket = dgram.createSocket(socketOptions(upstream.address));
    socket.on('message', (data, from) => {
      // Only the server may answer, as with a symmetric NAT.
      if (from.port !== upstream.port || from.address !== upstream.address) {
        return;
      }
      if (!this.filter(data, 'client', `${client.address}:${client.port}`)) {
        return;
      }
      for (const atMs of down.send(performance.now(), data.length)) {
        this.#queue.add(atMs, () => this.#socket.send(data, client.port, client.address, ignoreSendError));
      }
    });
    return socket;
  }
}

function socketOptions(address: string): dgram.SocketOptions {
  return {
    type: address.includes(':') ? 'udp6' : 'udp4',
    recvBufferSize: SOCKET_BUFFER_BYTES,
    sendBufferSize: SOCKET_BUFFER_BYTES,
  };
}

/** A datagram that cannot be sent is lost, as on any network; without a callback, send() would throw. */
function ignoreSendError(): void {}
