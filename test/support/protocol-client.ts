import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import type { Socket as TcpSocket } from 'node:net';
import { io, type Socket } from 'socket.io-client';
import { ERROR_CODES } from '../../base/index.ts';
import { enrol, type Identity, parseInvitation } from '../../client/sdk/index.ts';
import type {
  Answer,
  EventData,
  EventName,
  RequestInput,
  RequestName,
  RequestResult,
} from '../../contract/index.ts';
import { PROTOCOL_VERSION } from '../../contract/light.ts';
import type { TestServer } from './server.ts';

/** Time limit for an answer or event, in milliseconds: far more than it needs. */
const PATIENCE_MS = 30_000;

/** Enrols an identity with a new invitation, as the page does. Default role: member. */
export async function newIdentity(
  server: Pick<TestServer, 'url' | 'invite'>,
  options: Parameters<TestServer['invite']>[0] = {},
): Promise<Identity> {
  const invitation = parseInvitation(await server.invite({ displayName: 'Ann', ...options }));
  assert.ok(invitation);
  return enrol({ serverUrl: server.url, ...invitation });
}

/** Someone with an account on a test's server. */
export interface Someone {
  identity: Identity;
  accountId: string;
}

/** A new person with an account. */
export async function newPerson(...[server, options]: Parameters<typeof newIdentity>): Promise<Someone> {
  const identity = await newIdentity(server, options);
  const client = await ProtocolClient.open(server.url);
  const { accountId } = await client.get('auth.prove', await client.proof(identity));
  client.close();
  return { identity, accountId };
}

/** A bare client of the socket protocol: sends any message and records what it receives. */
export class ProtocolClient {
  readonly socket: Socket;
  /** The origin that it dialled. */
  readonly origin: string;
  readonly #seen: Array<{ event: string; data: unknown }> = [];
  readonly #arrivals = new EventEmitter<{ arrival: [] }>();
  #closeReason: string | undefined;

  private constructor(url: string) {
    this.origin = new URL(url).origin;
    this.socket = io(url, {
      transports: ['websocket'],
      extraHeaders: { Origin: this.origin },
      reconnection: false,
      forceNew: true,
      autoConnect: false,
    });
    this.socket.onAny((event: string, data: unknown) => {
      this.#seen.push({ event, data });
      this.#arrivals.emit('arrival');
    });
    this.socket.on('disconnect', (reason) => {
      this.#closeReason = reason;
      this.#arrivals.emit('arrival');
    });
  }

  /**
   * Connects and waits for the challenge.
   *
   * @param first makes the content of the CONNECT packet; `nonce` is engine.io's id
   */
  static async open(
    url: string,
    first?: (client: ProtocolClient, nonce: string) => Promise<object>,
  ): Promise<ProtocolClient> {
    const client = new ProtocolClient(url);
    if (first) {
      client.socket.auth = (send) =>
        void first(client, (client.socket.io.engine as unknown as { id: string }).id).then(send);
    }
    const refused = new Promise<never>((_resolve, reject) => client.socket.once('connect_error', reject));
    client.socket.connect();
    await Promise.race([client.event('auth.challenge'), refused]);
    return client;
  }

  /** Connects and proves an identity. */
  static async enter(url: string, identity: Identity): Promise<ProtocolClient> {
    const client = await ProtocolClient.open(url);
    await client.get('auth.prove', await client.proof(identity));
    return client;
  }

  /** The server's challenge. */
  get nonce(): string {
    return (this.#find('auth.challenge', () => true) ?? { nonce: '' }).nonce;
  }

  get open(): boolean {
    return this.#closeReason === undefined;
  }

  /** A correct answer to the challenge. `signed` overrides parts of the signed statement. */
  async proof(
    identity: Identity,
    signed: Partial<Parameters<Identity['proveAuth']>[0]> = {},
  ): Promise<RequestInput<'auth.prove'>> {
    const statement = { origin: this.origin, nonce: this.nonce, timeMs: Date.now(), ...signed };
    const signature = await identity.proveAuth(statement);
    return { protocolVersion: PROTOCOL_VERSION, chain: [...identity.chain], ...statement, signature };
  }

  /** Sends a request of any form. Returns the answer. */
  async ask(name: string, data?: unknown, id: unknown = randomUUID()): Promise<Answer<unknown>> {
    assert.ok(this.open, `${name} on a connection that is over: ${this.#closeReason}`);
    return this.socket.timeout(PATIENCE_MS).emitWithAck(name, { id, data });
  }

  /** Sends a request that must succeed. Returns the result. */
  async get<N extends RequestName>(
    name: N,
    data: RequestInput<N>,
    id: string = randomUUID(),
  ): Promise<RequestResult<N>> {
    const answer = await this.ask(name, data, id);
    assert.ok(answer.ok, `${name}: ${JSON.stringify(answer)}`);
    return answer.result as RequestResult<N>;
  }

  /** Sends a request that must be refused with the documented message. Returns the error code. */
  async refusal(name: string, data?: unknown, id: unknown = randomUUID()): Promise<string> {
    const answer = await this.ask(name, data, id);
    assert.ok(!answer.ok, `${name} was not refused: ${JSON.stringify(answer)}`);
    const { code, message } = answer.error;
    assert.equal(message, ERROR_CODES[code as keyof typeof ERROR_CODES]?.message, code);
    return code;
  }

  /** The first matching event, past or future. */
  async event<N extends EventName>(
    name: N,
    fits: (data: EventData<N>) => boolean = () => true,
  ): Promise<EventData<N>> {
    return this.#until(name, () => this.#find(name, fits));
  }

  /** Number of matching events so far. */
  count<N extends EventName>(name: N, fits: (data: EventData<N>) => boolean = () => true): number {
    return this.#seen.filter(({ event, data }) => event === name && fits(data as EventData<N>)).length;
  }

  /** Waits until the connection has ended. Returns the server's error code, or socket.io's reason. */
  async ended(): Promise<string> {
    const reason = await this.#until('the end', () => this.#closeReason);
    return this.#find('session.ended', () => true)?.error.code ?? reason;
  }

  /** Sends a raw engine.io message. */
  write(packet: string | Uint8Array): void {
    this.socket.io.engine.write(packet);
  }

  /** Drops the connection without closing it, if it is still there. */
  async cut(): Promise<void> {
    this.#tcp?.resetAndDestroy();
    await this.ended();
  }

  /** Stops reading from the network. */
  pauseReading(): void {
    this.#tcp?.pause();
  }

  get localPort(): number {
    return this.#tcp?.localPort ?? 0;
  }

  close(): void {
    this.socket.disconnect();
  }

  /** Undefined once engine.io has noticed that the connection is over. */
  get #tcp(): TcpSocket | undefined {
    const { transport } = this.socket.io.engine as unknown as {
      transport: { ws: { _socket: TcpSocket } | null };
    };
    return transport.ws?._socket;
  }

  #find<N extends EventName>(name: N, fits: (data: EventData<N>) => boolean): EventData<N> | undefined {
    const found = this.#seen.find(({ event, data }) => event === name && fits(data as EventData<N>));
    return found?.data as EventData<N> | undefined;
  }

  async #until<T>(what: string, look: () => T | undefined): Promise<T> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const seen = look();
      if (seen !== undefined) {
        return seen;
      }
      try {
        await once(this.#arrivals, 'arrival', { signal });
      } catch {
        throw new Error(`timed out waiting for ${what}; close reason: ${this.#closeReason}`);
      }
    }
  }
}
