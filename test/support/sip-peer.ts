import { createHash, randomUUID } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { EventEmitter, on, once } from 'node:events';

/** Variable parts of a request. */
export interface RequestParts {
  /** User part of the Request-URI and To. */
  user?: string;
  callId?: string;
  cseq?: number;
  branch?: string;
  toTag?: string;
  /** User part of From. */
  from?: string;
  /** Contact's host and port. Default: the peer's own. */
  contact?: string;
  /** Header lines, without line ends. */
  headers?: string[];
  /** An SDP body. */
  sdp?: string;
  /** A pressed key, as the body of an INFO. */
  key?: string;
}

/** Time limit for a response, in milliseconds: far longer than it should take. */
const PATIENCE_MS = 20_000;

const RETRANSMISSION_MS = 500;

/**
 * A SIP peer over UDP on its own loopback address: sends requests as a test writes them and records the responses. The other side
 * identifies peers by source address, so sending without reading simulates a forged source.
 */
export class SipPeer {
  readonly address: string;
  /** Received messages, in order of arrival. */
  readonly received: string[] = [];
  readonly #socket: Socket;
  readonly #port: number;
  readonly #events = new EventEmitter();

  private constructor(socket: Socket, address: string, port: number) {
    this.#socket = socket;
    this.address = address;
    this.#port = port;
    socket.on('message', (bytes) => {
      const text = bytes.toString('latin1');
      this.received.push(text);
      this.#events.emit('message', text);
    });
  }

  /** @param port where requests are sent, on 127.0.0.1 */
  static async open(address: string, port: number): Promise<SipPeer> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
    socket.bind(0, address);
    await once(socket, 'listening');
    return new SipPeer(socket, address, port);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  send(text: string): void {
    this.#socket.send(text, this.#port, '127.0.0.1', () => {});
  }

  /** Responds to a received request. */
  answer(request: string, status: string, headers: string[] = [], sdp = ''): void {
    const copied = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].map(
      (name) => `${name}: ${headerOf(request, name)}`,
    );
    const type = sdp === '' ? [] : ['Content-Type: application/sdp'];
    const lines = [
      `SIP/2.0 ${status}`,
      ...copied,
      ...headers,
      ...type,
      `Content-Length: ${sdp.length}`,
      '',
      sdp,
    ];
    this.send(lines.join('\r\n'));
  }

  request(method: string, parts: RequestParts = {}): string {
    const { user = '100', callId = randomUUID(), cseq = 1, toTag, from = 'caller', sdp, key } = parts;
    const [type, body] =
      key === undefined ? ['application/sdp', sdp ?? ''] : ['application/dtmf-relay', `Signal=${key}\r\n`];
    const { branch = `z9hG4bK${randomUUID()}`, contact = `${this.address}:${this.port}` } = parts;
    return [
      `${method} sip:${user}@127.0.0.1 SIP/2.0`,
      `Via: SIP/2.0/UDP ${this.address}:${this.port};branch=${branch};rport`,
      'Max-Forwards: 70',
      `From: <sip:${from}@127.0.0.1>;tag=f`,
      `To: <sip:${user}@127.0.0.1>${toTag === undefined ? '' : `;tag=${toTag}`}`,
      `Call-ID: ${callId}`,
      `CSeq: ${cseq} ${method}`,
      `Contact: <sip:${from}@${contact}>`,
      ...(parts.headers ?? []),
      ...(body === '' ? [] : [`Content-Type: ${type}`]),
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n');
  }

  /** Sends a request, retransmitting it if lost. Returns the final response. */
  async ask(method: string, parts: RequestParts = {}): Promise<string> {
    const callId = parts.callId ?? randomUUID();
    const from = this.received.length;
    const request = this.request(method, { ...parts, callId });
    this.send(request);
    const again = setInterval(() => this.send(request), RETRANSMISSION_MS);
    try {
      return await this.final(callId, parts.cseq ?? 1, from);
    } finally {
      clearInterval(again);
    }
  }

  /** Waits for the final response to one of this peer's requests. */
  final(callId: string, cseq = 1, from = 0): Promise<string> {
    return this.waitFor(
      (text) =>
        /^SIP\/2\.0 [2-6]/.test(text) &&
        headerOf(text, 'Call-ID') === callId &&
        headerOf(text, 'CSeq')?.startsWith(`${cseq} `) === true,
      from,
    );
  }

  /** Sends a request and answers the challenge with CSeq 2. Returns the final response. */
  async login(method: string, username: string, password: string, parts: RequestParts = {}): Promise<string> {
    const callId = parts.callId ?? randomUUID();
    const own = { from: username, ...parts, callId };
    const challenge = await this.ask(method, own);
    if (!challenge.startsWith('SIP/2.0 401')) {
      return challenge;
    }
    if (method === 'INVITE') {
      this.send(this.request('ACK', { ...own, toTag: tagOf(challenge) }));
    }
    const authorization = authorize(challenge, { method, username, password, uri: 'sip:127.0.0.1' });
    const headers = [...(parts.headers ?? []), `Authorization: ${authorization}`];
    return this.ask(method, { ...own, cseq: 2, headers });
  }

  /** Waits for a matching message at index `from` of `received` or later. */
  async waitFor(fits: (text: string) => boolean, from = 0): Promise<string> {
    const found = this.received.slice(from).find(fits);
    if (found !== undefined) {
      return found;
    }
    const signal = AbortSignal.timeout(PATIENCE_MS);
    for await (const [text] of on(this.#events, 'message', { signal }) as AsyncIterable<[string]>) {
      if (fits(text)) {
        return text;
      }
    }
    throw new Error('the socket is closed');
  }

  /** Status codes of all responses so far, or of one call. */
  statuses(callId?: string): number[] {
    return this.received.flatMap((text) => {
      const status = /^SIP\/2\.0 (\d{3})/.exec(text)?.[1];
      return status && (callId === undefined || headerOf(text, 'Call-ID') === callId) ? [Number(status)] : [];
    });
  }

  close(): void {
    this.#socket.close();
  }
}

/** The first value of a header field. */
export function headerOf(message: string, name: string): string | undefined {
  return new RegExp(`^${name}: *(.*?)\\r?$`, 'im').exec(message)?.[1];
}

export function tagOf(message: string): string {
  return /^To:.*;tag=([^;\s]+)/im.exec(message)?.[1] ?? '';
}

/** Credentials for a 401 challenge, without qop. */
function authorize(
  challenge: string,
  { method, username, password, uri }: { method: string; username: string; password: string; uri: string },
): string {
  const param = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? '';
  const md5 = (text: string) => createHash('md5').update(text).digest('hex');
  const [realm, nonce] = [param('realm'), param('nonce')];
  const response = md5(`${md5(`${username}:${realm}:${password}`)}:${nonce}:${md5(`${method}:${uri}`)}`);
  return `Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}"`;
}

/** A G.711 offer with media at this address. */
export function g711Offer(address: string, port: number): string {
  return [
    'v=0',
    `o=- 1 1 IN IP4 ${address}`,
    's=-',
    `c=IN IP4 ${address}`,
    't=0 0',
    `m=audio ${port} RTP/AVP 0 101`,
    'a=rtpmap:101 telephone-event/8000',
    '',
  ].join('\r\n');
}
