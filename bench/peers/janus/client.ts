import { WebSocket } from 'ws';
import type { LoadClient, LoadClientOptions } from '../load-client.ts';
import { type SdpTransport, transportPair } from '../sdp-transport.ts';

const KEEPALIVE_INTERVAL_MS = 20_000;
const PLUGIN = 'janus.plugin.videoroom';

interface Jsep {
  type: 'offer' | 'answer';
  sdp: string;
}

interface JanusMessage {
  janus: string;
  transaction?: string;
  sender?: number;
  data?: { id: number };
  jsep?: Jsep;
  error?: { code: number; reason: string };
  plugindata?: { data: PluginData };
}

interface PluginData {
  videoroom?: string;
  error?: string;
  id?: number;
  publishers?: Array<{ id: number }>;
}

/** Somebody in a room of Janus, by the videoroom plugin's JSON over a WebSocket: a handle that sends, and one that receives. */
export class JanusClient implements LoadClient {
  readonly #options: LoadClientOptions;
  readonly #waiting = new Map<string, { settle: (message: JanusMessage) => void; finalOnly: boolean }>();
  readonly #sending: SdpTransport;
  readonly #receiving: SdpTransport;
  #socket: WebSocket | undefined;
  #session = 0;
  #publisher = 0;
  #ownFeed: number | undefined;
  #keepalive: NodeJS.Timeout | undefined;
  #transactions = 0;

  constructor(options: LoadClientOptions) {
    this.#options = options;
    const { sending, receiving } = transportPair(options);
    this.#sending = sending;
    this.#receiving = receiving;
  }

  async enter(): Promise<void> {
    const { access, name, tracks } = this.#options;
    const socket = new WebSocket(access.url.replace(/^http/, 'ws'), 'janus-protocol');
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#receive(JSON.parse(data.toString('utf8'))));
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    this.#session = (await this.#request({ janus: 'create' })).data?.id ?? 0;
    this.#keepalive = setInterval(() => this.#write({ janus: 'keepalive' }), KEEPALIVE_INTERVAL_MS);
    this.#publisher = await this.#attach();
    const joined = await this.#message(this.#publisher, {
      request: 'join',
      ptype: 'publisher',
      room: this.#room,
      display: name,
    });
    this.#ownFeed = joined.plugindata?.data.id;
    if (tracks.length === 0) {
      return;
    }
    const sdp = this.#sending.offer(tracks.map((track) => ({ track, trackId: track.id })));
    const { jsep } = await this.#message(
      this.#publisher,
      { request: 'publish', audiocodec: 'opus', videocodec: 'vp8' },
      { type: 'offer', sdp },
    );
    this.#sending.acceptAnswer(jsep?.sdp ?? '');
    await this.#sending.connected;
  }

  async watch(): Promise<void> {
    const { room, watches } = this.#options;
    if (!watches) {
      return;
    }
    const listed = await this.#message(
      this.#publisher,
      { request: 'listparticipants', room: Number(room) },
      undefined,
      false,
    );
    const { participants = [] } = (listed.plugindata?.data ?? {}) as {
      participants?: Array<{ id: number; publisher: boolean }>;
    };
    const streams = participants
      .filter(({ id, publisher }) => publisher && id !== this.#ownFeed)
      .map(({ id }) => ({ feed: id }));
    const subscriber = await this.#attach();
    const offered = await this.#message(subscriber, {
      request: 'join',
      ptype: 'subscriber',
      room: this.#room,
      streams,
    });
    const sdp = this.#receiving.answer(offered.jsep?.sdp ?? '');
    await this.#message(subscriber, { request: 'start' }, { type: 'answer', sdp });
  }

  async leave(): Promise<void> {
    clearInterval(this.#keepalive);
    this.#socket?.close();
    this.#sending.close();
    this.#receiving.close();
  }

  get #room(): number {
    return Number(this.#options.room);
  }

  async #attach(): Promise<number> {
    return (await this.#request({ janus: 'attach', plugin: PLUGIN })).data?.id ?? 0;
  }

  /** Sends a message to a handle, and waits for its event (or, without `asynchronous`, for the answer). */
  #message(handle: number, body: object, jsep?: Jsep, asynchronous = true): Promise<JanusMessage> {
    return this.#request({ janus: 'message', handle_id: handle, body, ...(jsep && { jsep }) }, asynchronous);
  }

  async #request(fields: object, finalOnly = false): Promise<JanusMessage> {
    const answered = new Promise<JanusMessage>((settle) => {
      this.#waiting.set(this.#write(fields), { settle, finalOnly });
    });
    const message = await answered;
    const refused = message.error?.reason ?? message.plugindata?.data.error;
    if (refused !== undefined) {
      throw new Error(`Janus: ${refused}`);
    }
    return message;
  }

  /** Returns the transaction. */
  #write(fields: object): string {
    const transaction = String(++this.#transactions);
    const session = this.#session === 0 ? {} : { session_id: this.#session };
    this.#socket?.send(JSON.stringify({ ...fields, ...session, transaction }));
    return transaction;
  }

  #receive(message: JanusMessage): void {
    const waiting = this.#waiting.get(message.transaction ?? '');
    // The acknowledgement of an asynchronous message is not its outcome.
    if (!waiting || (waiting.finalOnly && message.janus === 'ack')) {
      return;
    }
    this.#waiting.delete(message.transaction ?? '');
    waiting.settle(message);
  }
}
