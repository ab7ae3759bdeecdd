import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, type Socket } from 'socket.io';
import { CanopyError } from '../../base/index.ts';
import type {
  EventData,
  EventName,
  LogEntry,
  LogPosition,
  RequestName,
  RequestResult,
} from '../../contract/index.ts';
// biome-ignore lint/plugin: a real deployment CA signs what this server presents
import { Authority } from '../../signaling/identity/index.ts';
import { EVENTS, REQUESTS } from '../../signaling/index.ts';

/** What `room.join` answers in an empty room, but for the log's position, which the server adds. */
export function emptySnapshot(peerId: string): Omit<RequestResult<'room.join'>, 'log'> {
  return {
    peerId,
    resumed: false,
    routerRtpCapabilities: {},
    iceServers: [],
    participants: [],
    producers: [],
    speaker: null,
    parts: {
      breakouts: {
        parentId: 'team',
        status: 'none',
        choice: false,
        rooms: [],
        own: null,
        people: [],
        mayManage: false,
      },
      encryption: { policy: 'off', group: null },
      hands: [],
      moderation: { entryRule: 'free', restraints: [] },
      spotlight: [],
      recording: { running: null, isAvailable: false },
      captions: { running: null, isAvailable: false },
      live: { running: null, targets: [], hls: false, kbps: 0, cpuPercent: 0 },
      room: { title: null, locked: false, hasPin: false, maxParticipants: null },
      rights: [],
      playable: [],
    },
    own: { transportIds: [], producerIds: [], consumerIds: [] },
  };
}

export interface ReceivedRequest {
  /** Index of the connection, from 0. */
  connection: number;
  name: RequestName;
  id: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect, and fail if it is missing
  data: any;
}

/** A scripted result. The server adds its log position and what a returning client missed. */
type Scripted<N extends RequestName> = N extends 'room.join'
  ? Omit<RequestResult<N>, 'log'>
  : RequestResult<N>;
type Script = {
  [N in RequestName]?: (request: ReceivedRequest) => Scripted<N> | Promise<Scripted<N>>;
};

/**
 * A server that speaks the protocol over real sockets and answers as a test scripts it, when the test wants, to reproduce races that a real
 * server shows only by chance. It refuses requests that violate the protocol's schemas.
 */
export class ScriptedServer {
  readonly requests: ReceivedRequest[] = [];
  readonly authority: Authority;
  /** Answers by request name; other requests are answered with {}. */
  readonly script: Script = {};
  readonly #http: HttpServer;
  readonly #io: Server;
  readonly #dir: string;
  readonly #sockets: Socket[] = [];
  readonly #logId = randomUUID();
  readonly #entries: LogEntry[] = [];
  readonly #waiting: Array<{ count: number; name: string; resolve(request: ReceivedRequest): void }> = [];

  private constructor(http: HttpServer, authority: Authority, dir: string) {
    this.#http = http;
    this.authority = authority;
    this.#dir = dir;
    this.#io = new Server(http);
    this.#io.on('connection', (socket) => this.#accept(socket));
  }

  /** @param authority another server's CA, to belong to the same deployment */
  static async start(authority?: Authority): Promise<ScriptedServer> {
    const dir = await mkdtemp(join(tmpdir(), 'canopy-scripted-'));
    const http = createServer();
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    return new ScriptedServer(http, authority ?? (await Authority.open({ dir, name: 'Scripted' })), dir);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  get connections(): number {
    return this.#sockets.length;
  }

  /** Answers GET /api/server and POST /api/enrol for the SDK's `fetch` option. */
  readonly fetch: typeof fetch = async (url, init) => {
    if (new URL(String(url)).pathname === '/api/server') {
      return Response.json({ deploymentCa: Buffer.from(this.authority.certificateDer).toString('base64') });
    }
    const { csr, displayName } = JSON.parse(String(init?.body)) as { csr: string; displayName: string };
    const options = { displayName, validSeconds: 3600 };
    const { chain, notAfterMs } = await this.authority.signAccount(Buffer.from(csr, 'base64'), options);
    const base64 = chain.map((der) => Buffer.from(der).toString('base64'));
    return Response.json({ chain: base64, role: 'member', displayName, expiresAtMs: notAfterMs });
  };

  /** Requests received so far with this name. */
  got(name: RequestName): ReceivedRequest[] {
    return this.requests.filter((request) => request.name === name);
  }

  /** The `count`th request with this name, past or future. */
  async request(name: RequestName, count = 1): Promise<ReceivedRequest> {
    const present = this.got(name)[count - 1];
    return present ?? new Promise((resolve) => this.#waiting.push({ count, name, resolve }));
  }

  /** Sends an event on the newest connection. Log events are appended to the room log first. */
  emit<N extends EventName>(name: N, data: Omit<EventData<N>, 'log'>): void {
    const isEntry = 'log' in EVENTS[name].shape;
    if (isEntry) {
      this.append(name, data);
    }
    this.#sockets.at(-1)?.emit(name, isEntry ? { ...data, log: this.#position } : data);
  }

  /** Appends to the room log without sending an event. */
  append<N extends EventName>(name: N, data: Omit<EventData<N>, 'log'>): void {
    this.#entries.push({ seq: this.#entries.length + 1, kind: name, data });
  }

  /** Drops the newest connection, as a lost network would. */
  cut(): void {
    this.#sockets.at(-1)?.conn.close();
  }

  async close(): Promise<void> {
    await this.#io.close();
    await rm(this.#dir, { recursive: true });
  }

  get #position(): LogPosition {
    return { logId: this.#logId, seq: this.#entries.length };
  }

  #accept(socket: Socket): void {
    const connection = this.#sockets.push(socket) - 1;
    socket.onAny((name: RequestName, { id, data }: ReceivedRequest, answer: (value: unknown) => void) => {
      void this.#answer({ connection, name, id, data }).then(answer);
    });
    socket.emit('auth.challenge', { nonce: `nonce-${connection}`, serverTimeMs: Date.now() });
  }

  #logSince(since: LogPosition | undefined): RequestResult<'room.join'>['log'] {
    const entries = since?.logId === this.#logId ? this.#entries.slice(since.seq) : undefined;
    return { ...this.#position, ...(entries && { entries }) };
  }

  async #answer(request: ReceivedRequest): Promise<object> {
    const { name } = request;
    try {
      const parsed = REQUESTS[name].data.safeParse(request.data);
      if (!parsed.success) {
        throw new CanopyError('BAD_REQUEST', `${name}: ${parsed.error.message}`);
      }
      request.data = parsed.data;
      this.requests.push(request);
      const count = this.got(name).length;
      for (const waiting of this.#waiting) {
        if (waiting.name === name && waiting.count === count) {
          waiting.resolve(request);
        }
      }
      // The snapshot reflects the time of the request.
      const log = name === 'room.join' ? this.#logSince(request.data.resume?.since) : undefined;
      const result = (await this.script[name]?.(request)) ?? {};
      return { ok: true, result: log ? { ...result, log } : result };
    } catch (error) {
      return { ok: false, error: CanopyError.from(error).toJSON() };
    }
  }
}
