import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import { DigestClient } from '../auth/index.ts';
import { parseMessage, type SipMessage, type SipRequest, type SipResponse } from '../message/index.ts';

/** How long to wait for a message, in milliseconds. */
const PATIENCE_MS = 8000;

/** SDP for a phone's audio session. */
export function phoneSdp(media = 'm=audio 40000 RTP/AVP 0\r\n', address = '127.0.0.1'): string {
  return `v=0\r\no=- 1 1 IN IP4 ${address}\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\n${media}`;
}

interface Extras {
  /** Complete lines: `Require: timer`. */
  headers?: string[];
  sdp?: string;
  /** Another body; its Content-Type is among the headers. */
  body?: string;
}

interface InviteExtras extends Extras {
  /** User part of the Request-URI. */
  dialled?: string;
  /** Value of From without its tag. */
  from?: string;
  contact?: string;
  /** Host and port in the Via. Default: the phone's own. */
  sentBy?: string;
}

/** A phone that a test controls message by message. It answers nothing on its own. */
export class RawPhone {
  readonly callId = `raw-${Math.random().toString(36).slice(2)}`;
  readonly address: string;
  /** Every received message, oldest first. */
  readonly received: SipMessage[] = [];
  readonly #server: number;
  readonly #events = new EventEmitter<{ message: [] }>();
  readonly #taken = new Set<SipMessage>();
  readonly #branches = new Map<string, string>();
  #udp: UdpSocket | undefined;
  #tcp: Socket | undefined;
  #webSocket: WebSocket | undefined;
  #isTls = false;
  #sequence = 0;

  private constructor(server: number, address: string) {
    this.#server = server;
    this.address = address;
  }

  /** `server`: the stack's port on 127.0.0.1. */
  static async udp(server: number, address = '127.0.0.1'): Promise<RawPhone> {
    const phone = new RawPhone(server, address);
    await phone.moveUdp();
    return phone;
  }

  static async tcp(server: number): Promise<RawPhone> {
    const phone = new RawPhone(server, '127.0.0.1');
    await phone.moveTcp();
    return phone;
  }

  /** As a page would: its Via and Contact name a host that does not exist (RFC 7118 §5). */
  static async webSocket(url: string, options: { ca?: string } = {}): Promise<RawPhone> {
    const phone = new RawPhone(Number(new URL(url).port), 'df7jal23ls0d.invalid');
    const socket = new WebSocket(url, 'sip', options);
    phone.#isTls = url.startsWith('wss:');
    socket.on('message', (bytes: Buffer) => phone.#receive(bytes));
    phone.#webSocket = socket;
    await once(socket, 'open');
    return phone;
  }

  get protocol(): 'UDP' | 'TCP' | 'WS' | 'WSS' {
    const webSocket = this.#isTls ? 'WSS' : 'WS';
    return this.#udp ? 'UDP' : this.#webSocket ? webSocket : 'TCP';
  }

  get port(): number {
    return this.#udp?.address().port ?? this.#tcp?.localPort ?? 80;
  }

  /** Continues from another port; the previous one receives nothing more. */
  async moveUdp(): Promise<void> {
    this.#udp?.close();
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, this.address, resolve));
    socket.on('message', (bytes) => this.#receive(bytes));
    this.#udp = socket;
  }

  async moveTcp(): Promise<void> {
    this.#tcp?.destroy();
    const socket = connect(this.#server, '127.0.0.1');
    await once(socket, 'connect');
    let rest = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        const head = rest.indexOf('\r\n\r\n');
        if (head < 0) {
          return;
        }
        const length = Number(
          /^content-length: *([0-9]+)/im.exec(rest.toString('latin1', 0, head))?.[1] ?? 0,
        );
        const end = head + 4 + length;
        if (rest.length < end) {
          return;
        }
        this.#receive(rest.subarray(0, end));
        rest = rest.subarray(end);
      }
    });
    this.#tcp = socket;
  }

  send(lines: readonly string[], sdp?: string, body = sdp ?? ''): void {
    const type = sdp === undefined ? [] : ['Content-Type: application/sdp'];
    const length = `Content-Length: ${Buffer.byteLength(body)}`;
    const text = [...lines, ...type, length, '', body].join('\r\n');
    if (this.#udp) {
      this.#udp.send(text, this.#server, '127.0.0.1');
    } else if (this.#webSocket) {
      this.#webSocket.send(text);
    } else {
      this.#tcp?.write(text);
    }
  }

  /** Waits for the first matching message that has not been returned yet. */
  async take<M extends SipMessage>(
    what: string,
    fits: (message: SipMessage) => message is M,
    patienceMs = PATIENCE_MS,
  ): Promise<M> {
    const signal = AbortSignal.timeout(patienceMs);
    for (;;) {
      const found = this.received.find((message) => !this.#taken.has(message) && fits(message));
      if (found) {
        this.#taken.add(found);
        return found as M;
      }
      await once(this.#events, 'message', { signal }).catch(() => {
        const seen = this.received.map((message) =>
          message.kind === 'request' ? message.method : `${message.status} ${message.cseq.method}`,
        );
        throw new Error(`received no ${what}, only ${seen.join(', ') || 'nothing'}`);
      });
    }
  }

  request(method: string, patienceMs?: number): Promise<SipRequest> {
    const fits = (message: SipMessage): message is SipRequest =>
      message.kind === 'request' && message.method === method;
    return this.take(method, fits, patienceMs);
  }

  response(status: number, method?: string): Promise<SipResponse> {
    const fits = (message: SipMessage): message is SipResponse =>
      message.kind === 'response' &&
      message.status === status &&
      (method === undefined || message.cseq.method === method);
    return this.take(`${status} ${method ?? ''}`, fits);
  }

  /** How many requests it has received. One that was sent again, because the machine was busy, counts once. */
  count(method: string): number {
    const requests = this.received.filter(
      (message) => message.kind === 'request' && message.method === method,
    );
    return new Set(requests.map(({ headers }) => headers.get('via'))).size;
  }

  /** Answers a request; `contact` null: without a Contact. */
  answer(
    request: SipRequest,
    status: string,
    { tag, contact, headers = [], sdp }: Extras & { tag?: string; contact?: string | null } = {},
  ): void {
    const own = contact === undefined ? `<sip:phone@${this.address}:${this.port}>` : contact;
    const to = request.headers.get('to');
    this.send(
      [
        `SIP/2.0 ${status}`,
        ...request.headers.all('via').map((via) => `Via: ${via}`),
        `From: ${request.headers.get('from')}`,
        `To: ${to}${tag === undefined ? '' : `;tag=${tag}`}`,
        `Call-ID: ${request.callId}`,
        `CSeq: ${request.headers.get('cseq')}`,
        ...(own === null ? [] : [`Contact: ${own}`]),
        ...headers,
      ],
      sdp,
    );
  }

  /** Sends bytes over TCP that are no message. */
  sendBytes(bytes: string): void {
    this.#tcp?.write(bytes);
  }

  /** Registers by digest with any `contact`; the response has this status. */
  async register(
    username: string,
    contact: string,
    headers: readonly string[] = [],
    status = 200,
  ): Promise<SipResponse> {
    const digest = new DigestClient({ username, password: 'secret', realm: 'canopy.test' }, () => true);
    const uri = `sip:127.0.0.1:${this.#server}`;
    const send = () => {
      const [authorization] = digest.authorize('REGISTER', uri, '127.0.0.1');
      this.send([
        `REGISTER ${uri} SIP/2.0`,
        this.#via('REGISTER'),
        'Max-Forwards: 70',
        `From: <sip:${username}@canopy.test>;tag=r`,
        `To: <sip:${username}@canopy.test>`,
        `Call-ID: register-${this.callId}`,
        `CSeq: ${++this.#sequence} REGISTER`,
        `Contact: ${contact}`,
        'Expires: 300',
        ...headers,
        ...(authorization ? [`Authorization: ${authorization[1]}`] : []),
      ]);
    };
    send();
    digest.learn(await this.response(401, 'REGISTER'), '127.0.0.1');
    send();
    return this.response(status, 'REGISTER');
  }

  /** Calls as a registered user, by digest. */
  async inviteAs(username: string, options: InviteExtras = {}): Promise<RawDialog> {
    const digest = new DigestClient({ username, password: 'secret', realm: 'canopy.test' }, () => true);
    const from = `<sip:${username}@canopy.test>`;
    const challenge = this.invite({ ...options, from });
    const refusal = await this.response(401, 'INVITE');
    this.ackRefusal(challenge, refusal);
    digest.learn(refusal, '127.0.0.1');
    const [authorization] = digest.authorize('INVITE', challenge.uri, '127.0.0.1');
    const headers = [...(options.headers ?? []), `Authorization: ${authorization?.[1]}`];
    return this.invite({ ...options, from, headers });
  }

  /** Calls; returns the dialog that within() needs for later requests. */
  invite({ dialled = '100', from, contact, headers = [], sdp, sentBy }: InviteExtras = {}): RawDialog {
    const sequence = ++this.#sequence;
    const dialog: RawDialog = {
      from: `${from ?? `<sip:+4930111@${this.address}>`};tag=f${sequence}`,
      uri: `sip:${dialled}@127.0.0.1:${this.#server}`,
      callId: `${this.callId}-${sequence}`,
      contact: contact ?? `<sip:+4930111@${this.address}:${this.port}>`,
      sequence,
      sentBy,
    };
    this.send(
      [
        `INVITE ${dialog.uri} SIP/2.0`,
        this.#via('INVITE', sentBy),
        'Max-Forwards: 70',
        `From: ${dialog.from}`,
        `To: <${dialog.uri}>`,
        `Call-ID: ${dialog.callId}`,
        `CSeq: ${sequence} INVITE`,
        `Contact: ${dialog.contact}`,
        ...headers,
      ],
      sdp,
    );
    return dialog;
  }

  /** Sends a request in a dialog; `to` is the To of our answer. Default CSeq: the next one, or the INVITE's for an ACK. */
  within(
    dialog: RawDialog,
    to: string | undefined,
    method: string,
    { headers = [], sdp, body, sequence }: Extras & { sequence?: number } = {},
  ): void {
    if (method !== 'ACK') {
      dialog.sequence = sequence ?? ++this.#sequence;
    }
    this.send(
      [
        `${method} ${dialog.uri} SIP/2.0`,
        this.#via(method, dialog.sentBy),
        'Max-Forwards: 70',
        `From: ${dialog.from}`,
        `To: ${to}`,
        `Call-ID: ${dialog.callId}`,
        `CSeq: ${sequence ?? dialog.sequence} ${method}`,
        `Contact: ${dialog.contact}`,
        ...headers,
      ],
      sdp,
      body,
    );
  }

  /** Cancels the last INVITE. */
  cancel(dialog: RawDialog): void {
    this.send([
      `CANCEL ${dialog.uri} SIP/2.0`,
      this.#branches.get('INVITE') ?? '',
      'Max-Forwards: 70',
      `From: ${dialog.from}`,
      `To: <${dialog.uri}>`,
      `Call-ID: ${dialog.callId}`,
      `CSeq: ${dialog.sequence} CANCEL`,
    ]);
  }

  /** Acknowledges a refusal of the last INVITE, with the same branch. */
  ackRefusal(dialog: RawDialog, refusal: SipResponse): void {
    this.send([
      `ACK ${dialog.uri} SIP/2.0`,
      this.#branches.get('INVITE') ?? '',
      'Max-Forwards: 70',
      `From: ${dialog.from}`,
      `To: ${refusal.headers.get('to')}`,
      `Call-ID: ${dialog.callId}`,
      `CSeq: ${refusal.cseq.number} ACK`,
    ]);
  }

  close(): void {
    this.#udp?.close();
    this.#tcp?.destroy();
    this.#webSocket?.terminate();
  }

  #via(method: string, sentBy = `${this.address}:${this.port}`): string {
    const branch = `z9hG4bK${Math.random().toString(36).slice(2)}`;
    const via = `Via: SIP/2.0/${this.protocol} ${sentBy};branch=${branch};rport`;
    this.#branches.set(method, via);
    return via;
  }

  #receive(bytes: Buffer): void {
    const result = parseMessage(bytes);
    if ('error' in result) {
      return;
    }
    this.received.push(result.message);
    this.#events.emit('message');
  }
}

/** A caller's state of its dialog. */
export interface RawDialog {
  readonly from: string;
  readonly uri: string;
  readonly callId: string;
  readonly contact: string;
  readonly sentBy: string | undefined;
  sequence: number;
}
