import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOPBACK = '127.0.0.1';
/** T1, the first interval between retransmissions (RFC 3261 §17.1.1.1). */
const T1_MS = 500;
const PATIENCE_MS = 4_000;

/** The final answer to an INVITE. */
export interface CallAttempt {
  /** SIP status; 0: no final answer within {@link PATIENCE_MS}. */
  readonly status: number;
  /** When the INVITE was first sent, in milliseconds of `performance.now()`. */
  readonly sentMs: number;
  /** When the answer came. */
  readonly answeredMs: number;
  /** The server's RTP port; 0 if the call was refused. */
  readonly mediaPort: number;
  /** Sends BYE, once; nothing for a refused call. */
  hangUp(): void;
}

interface Pending {
  resolve(response: { status: number; text: string } | undefined): void;
  /** Whether the server has answered at all. */
  provisional: boolean;
}

/**
 * Many SIP callers on one UDP port of loopback. They do just enough for a benchmark: INVITE with retransmissions, ACK and BYE, and answers
 * to the server's BYE and OPTIONS.
 */
export class Callers {
  readonly #socket: Socket;
  readonly #server: number;
  readonly #pending = new Map<string, Pending>();
  #calls = 0;

  private constructor(socket: Socket, server: number) {
    this.#socket = socket;
    this.#server = server;
    socket.on('message', (bytes) => this.#receive(bytes.toString('latin1')));
  }

  /** @param server SIP port of the server on loopback, UDP */
  static async start(server: number): Promise<Callers> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
    socket.bind(0, LOOPBACK);
    await once(socket, 'listening');
    return new Callers(socket, server);
  }

  /**
   * Calls `number` with PCMU on `mediaPort`.
   * @param retransmits whether to repeat an INVITE without any answer
   */
  async call({
    number,
    mediaPort,
    retransmits,
  }: {
    number: string;
    mediaPort: number;
    retransmits: boolean;
  }): Promise<CallAttempt> {
    const { port } = this.#socket.address();
    const id = `bench-${process.pid}-${++this.#calls}`;
    const sdp = [
      ...['v=0', `o=- 1 1 IN IP4 ${LOOPBACK}`, 's=-', `c=IN IP4 ${LOOPBACK}`, 't=0 0'],
      ...[`m=audio ${mediaPort} RTP/AVP 0`, ''],
    ].join('\r\n');
    const target = `sip:${number}@${LOOPBACK}:${this.#server}`;
    const request = (method: string, uri: string, to: string, cseq: number, body = '', branch = method) =>
      [
        `${method} ${uri} SIP/2.0`,
        `Via: SIP/2.0/UDP ${LOOPBACK}:${port};branch=z9hG4bK${id}${branch};rport`,
        'Max-Forwards: 70',
        `From: <sip:${id}@${LOOPBACK}>;tag=${id}`,
        `To: ${to}`,
        `Call-ID: ${id}`,
        `CSeq: ${cseq} ${method}`,
        `Contact: <sip:${id}@${LOOPBACK}:${port}>`,
        ...(body === '' ? [] : ['Content-Type: application/sdp']),
        `Content-Length: ${body.length}`,
        '',
        body,
      ].join('\r\n');

    const answer = Promise.withResolvers<{ status: number; text: string } | undefined>();
    const pending: Pending = { resolve: answer.resolve, provisional: false };
    this.#pending.set(id, pending);
    const invite = request('INVITE', target, `<${target}>`, 1, sdp);
    const sentMs = performance.now();
    this.#send(invite);
    const stop = new AbortController();
    void this.#retransmit(invite, pending, retransmits, stop.signal);
    const response = await answer.promise;
    const answeredMs = performance.now();
    stop.abort();
    this.#pending.delete(id);
    const refused = { sentMs, answeredMs, mediaPort: 0, hangUp: () => undefined };
    if (!response) {
      return { ...refused, status: 0 };
    }
    const { status, text } = response;
    const to = /^to: *(.*)\r$/im.exec(text)?.[1] ?? `<${target}>`;
    if (status >= 300) {
      // An ACK to a refusal belongs to the INVITE's transaction (RFC 3261 §17.1.1.3).
      this.#send(request('ACK', target, to, 1, '', 'INVITE'));
      return { ...refused, status };
    }
    const contact = /^contact: *<([^>]+)>/im.exec(text)?.[1] ?? target;
    this.#send(request('ACK', contact, to, 1));
    let ended = false;
    const hangUp = () => {
      if (!ended) {
        ended = true;
        this.#send(request('BYE', contact, to, 2));
      }
    };
    return {
      status,
      sentMs,
      answeredMs,
      mediaPort: Number(/^m=audio (\d+)/m.exec(text)?.[1] ?? 0),
      hangUp,
    };
  }

  close(): void {
    this.#socket.close();
  }

  /** Repeats an unanswered INVITE (RFC 3261 §17.1.1.2), and gives up in the end. */
  async #retransmit(
    invite: string,
    pending: Pending,
    retransmits: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      let waited = 0;
      for (let interval = T1_MS; waited < PATIENCE_MS; waited += interval, interval *= 2) {
        await sleep(Math.min(interval, PATIENCE_MS - waited), undefined, { signal });
        if (retransmits && !pending.provisional && waited + interval < PATIENCE_MS) {
          this.#send(invite);
        }
      }
      pending.resolve(undefined);
    } catch {
      // Answered.
    }
  }

  #receive(text: string): void {
    const id = /^call-id: *(\S+)/im.exec(text)?.[1] ?? '';
    const status = Number(/^SIP\/2\.0 (\d{3})/.exec(text)?.[1] ?? 0);
    if (status === 0) {
      this.#answer(text);
      return;
    }
    const pending = this.#pending.get(id);
    if (!pending || !/^cseq: *\d+ INVITE/im.test(text)) {
      return;
    }
    pending.provisional = true;
    if (status >= 200) {
      pending.resolve({ status, text });
    }
  }

  /** Answers a request of the server's with 200. */
  #answer(request: string): void {
    if (request.startsWith('ACK')) {
      return;
    }
    const copied = request.split('\r\n').filter((line) => /^(via|from|to|call-id|cseq):/i.test(line));
    this.#send(['SIP/2.0 200 OK', ...copied, 'Content-Length: 0', '', ''].join('\r\n'));
  }

  #send(text: string): void {
    this.#socket.send(text, this.#server, LOOPBACK);
  }
}
