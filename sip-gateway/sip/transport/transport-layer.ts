import { EventEmitter } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { networkOf } from '../../../base/index.ts';
import {
  bracketHost,
  buildErrorResponse,
  type Headers,
  type ParseResult,
  parseMessage,
  type SipParseError,
  type SipRequest,
  type SipResponse,
  serializeMessage,
  type WireResponse,
} from '../message/index.ts';
import { newTag } from '../tokens.ts';
import type { ClientTls } from './client-tls.ts';
import { Connection, type ConnectionEvents } from './connection.ts';
import {
  type Endpoint,
  type Flow,
  type FlowProtocol,
  isOverTls,
  type Protocol,
  plainAddress,
  type Target,
} from './flow.ts';
import { localAddressFor } from './local-address.ts';
import { responseEndpoint, withSource } from './response-route.ts';
import { StreamListener } from './stream-listener.ts';
import { bindingResponse, mayBeStun } from './stun.ts';
import { StunClient } from './stun-client.ts';
import { UdpListener } from './udp-listener.ts';
import { WebSocketConnection } from './web-socket-connection.ts';
import { WebSocketListener } from './web-socket-listener.ts';

export interface ListenOptions {
  protocol: FlowProtocol;
  /** Address to bind; `::` means all, including IPv4. */
  address: string;
  /** 0: any free one. */
  port: number;
  /** Host (IPv6 in brackets) and port in Via and Contact, e.g. behind a NAT. Default: the bound ones. */
  advertise?: { host: string; port?: number };
  /** Certificate chain and key (PEM), for `tls` and `wss`. */
  tls?: { cert: string | Buffer; key: string | Buffer };
  /** For `ws` and `wss`: origins of other sites whose pages may connect. Default: none. */
  origins?: readonly string[];
}

export interface TransportOptions {
  listen: readonly ListenOptions[];
  /** CA certificates (PEM) to verify servers that we connect to over TLS. Default: the system's. */
  tlsCa?: string | Buffer;
  /** Whether to verify the certificates of servers that we connect to. Default true. */
  tlsVerify?: boolean;
  /** How to connect over TLS to the server of this name or address. Default: as above, without a certificate. */
  tlsFor?: (serverName: string) => ClientTls | undefined;
  /** Maximum number of open connections. Default 4,000. */
  maxConnections?: number;
  /** Maximum number of connections from one IPv4 address or IPv6 /64. Default 100. */
  maxConnectionsPerSource?: number;
  /**
   * Time limit for a message on a connection, from its first to its last byte, and for a stranger to send one, in milliseconds. Default
   * 30,000.
   */
  messageMs?: number;
  /**
   * Maximum lifetime of a connection whose peer has neither registered nor called nor been called, in milliseconds. Default 120,000.
   */
  strangerMs?: number;
  /** Called with every message that is received or sent. Must not throw. */
  onMessage?: (message: SeenMessage) => void;
}

/** A SIP message on the wire, as an observer sees it. */
export interface SeenMessage {
  readonly sent: boolean;
  /** TCP, also beneath TLS and WebSockets, or UDP. */
  readonly overTcp: boolean;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly bytes: Buffer;
}

interface TransportEvents {
  request: [request: SipRequest, flow: Flow];
  response: [response: SipResponse, flow: Flow];
  /** A STUN request on a UDP port. Answer it with answerStun(), if at all. */
  stun: [request: Buffer, flow: Flow];
  /** A malformed message. `answered`: whether a 4xx or 5xx was sent. */
  malformed: [error: SipParseError, flow: Flow, answered: boolean];
}

/** Time limit for connecting, in milliseconds. */
const CONNECT_MS = 8_000;

/**
 * All sockets of a SIP stack (RFC 3261 §18): listens, connects, reuses connections, frames and parses. Owns its listeners and connections;
 * `close` closes them.
 */
export class TransportLayer extends EventEmitter<TransportEvents> {
  readonly #options: TransportOptions;
  readonly #udp: UdpListener[] = [];
  readonly #streams: StreamListener[] = [];
  readonly #webSockets: WebSocketListener[] = [];
  readonly #connections = new Set<Connection | WebSocketConnection>();
  readonly #accepted = new Map<string, number>();
  readonly #stun = new StunClient();
  readonly #events: ConnectionEvents;
  #closing: Promise<void> | undefined;

  private constructor(options: TransportOptions) {
    super();
    this.#options = options;
    this.#events = {
      onMessage: (bytes, flow) => this.#receive(bytes, flow),
      onBroken: (error, rest, flow) => this.#refuse({ ...withoutMessage(parseMessage(rest)), error }, flow),
      onClosed: (flow) => this.#connections.delete(flow as Connection | WebSocketConnection),
    };
  }

  /** Opens all listeners. @throws {Error} one cannot be opened; the others are closed */
  static async create(options: TransportOptions): Promise<TransportLayer> {
    const layer = new TransportLayer(options);
    try {
      for (const listen of options.listen) {
        await layer.#listen(listen);
      }
    } catch (error) {
      await layer.close();
      throw error;
    }
    return layer;
  }

  /** The bound sockets, in the order of `listen`. */
  get bound(): readonly { protocol: FlowProtocol; local: Endpoint }[] {
    return [...this.#udp, ...this.#streams, ...this.#webSockets].map(({ protocol, local }) => ({
      protocol,
      local,
    }));
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Whether requests can be sent over this protocol. */
  has(protocol: Protocol): boolean {
    return protocol !== 'udp' || this.#udp.length > 0;
  }

  /** Uses another TLS certificate for new connections. */
  setCertificate(tls: { cert: string | Buffer; key: string | Buffer }): void {
    for (const listener of [...this.#streams, ...this.#webSockets]) {
      if (isOverTls(listener.protocol)) {
        listener.setCertificate(tls);
      }
    }
  }

  /** A flow to the target: an open connection to it, or else a new one; undefined if no socket can reach it. */
  flowTo(target: Target): Flow | undefined {
    if (this.#closing) {
      return undefined;
    }
    if (target.protocol === 'udp') {
      return this.#udp.find((listener) => listener.serves(target.address))?.flowTo(target);
    }
    for (const connection of this.#connections) {
      const { remote } = connection;
      if (
        connection instanceof Connection &&
        connection.open &&
        connection.protocol === target.protocol &&
        remote.port === target.port &&
        remote.address === target.address &&
        // A TLS connection is verified for one name. Another name needs another connection.
        (target.protocol === 'tcp' ||
          (connection.serverName === nameOf(target) && connection.tlsId === this.#tlsFor(target)?.id))
      ) {
        return connection;
      }
    }
    return this.#connect(target, target.protocol);
  }

  /** Answers a STUN request with its source. */
  answerStun(request: Buffer, flow: Flow): void {
    const response = bindingResponse(request, flow.remote);
    if (response) {
      flow.send(response);
    }
  }

  /** Our address as the peer of a UDP flow sees it, as text to compare; undefined if it does not answer. */
  mappedAddress(flow: Flow): Promise<string | undefined> {
    return this.#stun.request(flow);
  }

  sendRequest(request: SipRequest, flow: Flow): void {
    flow.trust?.();
    this.#send(serializeMessage(request), flow);
  }

  /** Sends a response on the connection of its request, or to the address in the Via (RFC 3261 §18.2.2). */
  sendResponse(response: WireResponse, flow: Flow): void {
    const bytes = serializeMessage(response);
    if (showsTrust(response)) {
      flow.trust?.();
    }
    const { protocol } = flow;
    if ((flow.reliable && flow.open) || protocol === 'ws' || protocol === 'wss') {
      this.#send(bytes, flow);
      return;
    }
    const [via] = response.vias;
    const endpoint = via ? responseEndpoint(via, flow.remote, protocol) : flow.remote;
    const same = endpoint.port === flow.remote.port && flow.open;
    const way = same ? flow : this.flowTo({ ...endpoint, protocol });
    if (way) {
      this.#send(bytes, way);
    }
  }

  /** Closes every socket. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      const closing = [...this.#streams, ...this.#webSockets, ...this.#udp].map((listener) =>
        listener.close(),
      );
      const closed = [...this.#connections].map(
        (connection) => new Promise((resolve) => connection.onClose(resolve)),
      );
      for (const connection of this.#connections) {
        connection.close();
      }
      await Promise.all([...closing, ...closed]);
    })();
    return this.#closing;
  }

  async #listen(options: ListenOptions): Promise<void> {
    if (options.protocol === 'udp') {
      this.#udp.push(await UdpListener.create(options, (bytes, flow) => this.#receiveDatagram(bytes, flow)));
    } else if (options.protocol === 'ws' || options.protocol === 'wss') {
      await this.#listenForWebSockets({ ...options, protocol: options.protocol });
    } else {
      const { protocol } = options;
      const listener = await StreamListener.create({ ...options, protocol }, (socket) =>
        this.#accept(socket, protocol),
      );
      this.#streams.push(listener);
    }
  }

  async #listenForWebSockets(options: ListenOptions & { protocol: 'ws' | 'wss' }): Promise<void> {
    const listener = await WebSocketListener.create(options, {
      admits: (socket) => this.#admits(socket),
      onConnection: (webSocket, socket) => {
        const { advertise } = options;
        const connection = new WebSocketConnection(
          webSocket,
          {
            protocol: options.protocol,
            remote: endpointOf(socket),
            accepted: true,
            advertised: {
              host: advertise?.host ?? bracketHost(plainAddress(socket.localAddress ?? '')),
              port: advertise?.port ?? listener.local.port,
            },
            ...this.#patience,
          },
          this.#events,
        );
        this.#connections.add(connection);
      },
    });
    this.#webSockets.push(listener);
  }

  #accept(socket: Socket, protocol: 'tcp' | 'tls'): void {
    if (this.#admits(socket)) {
      this.#adopt(socket, protocol, endpointOf(socket), true);
    } else {
      socket.destroy();
    }
  }

  /** Counts a new connection of a peer; false if there are too many, and it is to be closed. */
  #admits(socket: Socket): boolean {
    const source = networkOf(endpointOf(socket).address);
    const count = this.#accepted.get(source) ?? 0;
    const { maxConnections = 4000, maxConnectionsPerSource = 100 } = this.#options;
    if (this.#connections.size >= maxConnections || count >= maxConnectionsPerSource || this.#closing) {
      return false;
    }
    this.#accepted.set(source, count + 1);
    socket.once('close', () => {
      const left = (this.#accepted.get(source) ?? 1) - 1;
      if (left === 0) {
        this.#accepted.delete(source);
      } else {
        this.#accepted.set(source, left);
      }
    });
    return true;
  }

  #tlsFor(target: Target): ClientTls | undefined {
    return target.protocol === 'tls' ? this.#options.tlsFor?.(nameOf(target)) : undefined;
  }

  /** A new connection; undefined if its certificates cannot be read. */
  #connect(target: Target, protocol: 'tcp' | 'tls'): Flow | undefined {
    const { address: host, port } = target;
    const tls = this.#tlsFor(target);
    const files = tls?.load();
    if (tls && !files) {
      return undefined;
    }
    const serverName = tls?.serverName ?? nameOf(target);
    const socket =
      protocol === 'tls'
        ? connectTls({
            host,
            port,
            servername: isIP(serverName) ? '' : serverName,
            ca: this.#options.tlsCa,
            ...files,
            rejectUnauthorized: this.#options.tlsVerify ?? true,
            minVersion: 'TLSv1.2',
          })
        : connect({ host, port });
    const deadline = setTimeout(() => socket.destroy(new Error('connection timed out')), CONNECT_MS);
    socket.once(protocol === 'tls' ? 'secureConnect' : 'connect', () => clearTimeout(deadline));
    socket.once('close', () => clearTimeout(deadline));
    return this.#adopt(socket, protocol, { address: host, port }, false, {
      serverName: nameOf(target),
      tlsId: tls?.id,
    });
  }

  #adopt(
    socket: Socket,
    protocol: 'tcp' | 'tls',
    remote: Endpoint,
    accepted: boolean,
    verified: { serverName?: string; tlsId?: string | undefined } = {},
  ): Connection {
    const advertised = (localHost: string, localPort: number) => {
      const listener = this.#streams.find((candidate) => candidate.protocol === protocol);
      const advertise = listener?.options.advertise;
      return {
        host: advertise?.host ?? localHost,
        port: advertise?.port ?? listener?.local.port ?? localPort,
      };
    };
    const options = { protocol, remote, accepted, advertised, ...verified, ...this.#patience };
    const connection = new Connection(socket, options, this.#events);
    this.#connections.add(connection);
    return connection;
  }

  get #patience(): { messageMs: number; strangerMs: number } {
    const { messageMs = 30_000, strangerMs = 120_000 } = this.#options;
    return { messageMs, strangerMs };
  }

  #receiveDatagram(bytes: Buffer, flow: Flow): void {
    if ((bytes[0] ?? 0) < 2) {
      if (mayBeStun(bytes)) {
        this.#stun.receive(bytes, flow);
        this.emit('stun', bytes, flow);
      }
      return;
    }
    // Ignore other keep-alives.
    if (bytes.length < 12) {
      return;
    }
    this.#receive(bytes, flow);
  }

  #send(bytes: Buffer, flow: Flow): void {
    flow.send(bytes);
    this.#show(bytes, flow, true);
  }

  #show(bytes: Buffer, { remote, reliable, advertised }: Flow, sent: boolean): void {
    this.#options.onMessage?.({
      sent,
      overTcp: reliable,
      local: { address: localAddressFor(remote.address), port: advertised.port },
      remote,
      bytes,
    });
  }

  #receive(bytes: Buffer, flow: Flow): void {
    if (this.#closing) {
      return;
    }
    this.#show(bytes, flow, false);
    const result = parseMessage(bytes);
    if ('error' in result) {
      this.#refuse(result, flow);
    } else if (result.message.kind === 'request') {
      this.emit('request', withSource(result.message, flow.remote), flow);
    } else {
      this.emit('response', result.message, flow);
    }
  }

  /** Answers a malformed request if its header section is readable. Never answers a response or an ACK. */
  #refuse(result: { error: SipParseError; method?: string; headers?: Headers }, flow: Flow): void {
    const { error, method, headers } = result;
    const built =
      headers && method !== undefined && method !== 'ACK'
        ? buildErrorResponse(headers, error, newTag())
        : undefined;
    if (built) {
      this.sendResponse(built, flow);
    }
    this.emit('malformed', error, flow, built !== undefined);
  }
}

/** The name that a server's certificate must be for. */
function nameOf({ serverName, address }: Target): string {
  return serverName ?? address;
}

function endpointOf(socket: Socket): Endpoint {
  return { address: plainAddress(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 };
}

/** Whether the response accepts a call, registration or other request. OPTIONS does not count, since anyone may send it. */
function showsTrust({ status, headers }: WireResponse): boolean {
  return status > 100 && status < 300 && !/ OPTIONS$/.test(headers.get('cseq') ?? '');
}

/** The readable parts of a message that broke its stream. As a datagram it might even be valid. */
function withoutMessage(result: ParseResult): { method?: string; headers?: Headers } {
  if ('error' in result) {
    return { method: result.method, headers: result.headers };
  }
  const { message } = result;
  return { method: message.kind === 'request' ? message.method : undefined, headers: message.headers };
}
