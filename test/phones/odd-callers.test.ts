// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { urlHost } from '../../base/index.ts';
import { PhoneServer } from '../support/phone-server.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';

const ROOM = 'team';
const PIN = '471100';
const PATIENCE_MS = 20_000;
/** An RTP packet with 20 ms of PCMU silence. */
const PACKET_BYTES = 12 + 160;

/** Parts of the INVITE that differ from the default. */
interface Oddities {
  uri?: string;
  from?: string;
  headers?: string[];
  /** Value of the c= line. */
  connection?: string;
  /** The media lines, for this RTP port. */
  media?: (port: number) => string[];
}

async function bound(host: string): Promise<Socket> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  socket.bind(0, host);
  await once(socket, 'listening');
  return socket;
}

/** A caller that sends raw messages, one character per byte. */
class OddCaller {
  readonly #server: PhoneServer;
  readonly #host: string;
  readonly #mediaHost: string;
  readonly #sip: Socket;
  readonly #rtp: Socket;
  readonly #id = Math.random().toString(36).slice(2);
  #cseq = 1;
  #answer = '';

  private constructor(server: PhoneServer, hosts: [string, string], sockets: [Socket, Socket]) {
    this.#server = server;
    [this.#host, this.#mediaHost] = hosts;
    [this.#sip, this.#rtp] = sockets;
  }

  static async open(server: PhoneServer, host = '127.0.0.2', mediaHost = host): Promise<OddCaller> {
    return new OddCaller(server, [host, mediaHost], [await bound(host), await bound(mediaHost)]);
  }

  /** Calls and acknowledges; returns the final response. */
  async call({
    uri = 'sip:100@127.0.0.1',
    from,
    headers = [],
    connection,
    media,
  }: Oddities): Promise<string> {
    const { port } = this.#rtp.address();
    const version = isIPv6(this.#mediaHost) ? 6 : 4;
    const sdp = [
      'v=0',
      'o=- 1 1 IN IP4 127.0.0.2',
      's=-',
      `c=${connection ?? `IN IP${version} ${this.#mediaHost}`}`,
      't=0 0',
      ...(media?.(port) ?? [`m=audio ${port} RTP/AVP 0`]),
      '',
    ].join('\r\n');
    const lines = [`From: ${from ?? '<sip:ann@127.0.0.2>'};tag=f`, 'To: <sip:100@127.0.0.1>', ...headers];
    this.#answer = await this.#request('INVITE', uri, [...lines, 'Content-Type: application/sdp'], sdp);
    this.#send('ACK', this.#contact, this.#dialog(), '');
    return this.#answer;
  }

  /** Sends a request within the call; returns the final response. */
  async inDialog(method: string, headers: string[], body: string): Promise<string> {
    this.#cseq++;
    return this.#request(method, this.#contact, [...this.#dialog(), ...headers], body);
  }

  /** Sends audio until audio comes back. */
  async hears(): Promise<void> {
    const [, port] = /m=audio ([0-9]+)/.exec(this.#answer) ?? [];
    const packet = Buffer.alloc(PACKET_BYTES, 0xff);
    packet.writeUInt16BE(0x8000, 0);
    let sent = 0;
    const voice = setInterval(() => {
      packet.writeUInt16BE(sent, 2);
      packet.writeUInt32BE(160 * sent++, 4);
      this.#rtp.send(packet, Number(port), isIPv6(this.#mediaHost) ? '::1' : '127.0.0.1');
    }, 20);
    try {
      await once(this.#rtp, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) });
    } finally {
      clearInterval(voice);
    }
  }

  async close(): Promise<void> {
    if (this.#answer.startsWith('SIP/2.0 200')) {
      await this.inDialog('BYE', [], '');
    }
    this.#sip.close();
    this.#rtp.close();
  }

  get #contact(): string {
    return /^Contact: <(.*?)>/m.exec(this.#answer)?.[1] ?? '';
  }

  #dialog(): string[] {
    return ['From', 'To'].map((name) => new RegExp(`^${name}: [^\r]*`, 'm').exec(this.#answer)?.[0] ?? '');
  }

  #send(method: string, uri: string, headers: string[], body: string): void {
    const here = `${urlHost(this.#host)}:${this.#sip.address().port}`;
    const text = [
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/UDP ${here};branch=z9hG4bK${this.#id}${this.#cseq}${method};rport`,
      'Max-Forwards: 70',
      `Call-ID: ${this.#id}`,
      `CSeq: ${this.#cseq} ${method}`,
      `Contact: <sip:ann@${here}>`,
      ...headers,
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n');
    const to = isIPv6(this.#host) ? '::1' : '127.0.0.1';
    this.#sip.send(Buffer.from(text, 'latin1'), this.#server.sipPort, to);
  }

  async #request(method: string, uri: string, headers: string[], body: string): Promise<string> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    this.#send(method, uri, headers, body);
    for (;;) {
      const [bytes] = await once(this.#sip, 'message', { signal });
      const text: string = bytes.toString('latin1');
      if (/^SIP\/2\.0 [2-6]/.test(text) && text.includes(`CSeq: ${this.#cseq} ${method}`)) {
        return text;
      }
    }
  }
}

describe('callers with unusual messages', () => {
  let server: PhoneServer;
  let watcher: ProtocolClient;
  const shown = (name: string) =>
    watcher.event('participant.joined', ({ participant }) => participant.displayName === name);

  before(async () => {
    server = await PhoneServer.start({
      flags: ['--workers', '1'],
      host: '::',
      env: { CANOPY_SIP_ANNOUNCE: '127.0.0.1' },
    });
    await server.server.api('PUT', '/api/sip/trunks/office', {
      uri: 'sip:127.0.0.2:9',
      addresses: ['127.0.0.2', '::1'],
    });
    await server.setDialPlan([
      { pattern: '100', action: { type: 'room', roomId: ROOM } },
      { pattern: '+15550100', action: { type: 'room', roomId: ROOM } },
      { pattern: '200', action: { type: 'pin' } },
    ]);
    await server.server.api('PUT', `/api/rooms/${ROOM}/pin`, { pin: PIN });
    watcher = await ProtocolClient.enter(
      server.server.url,
      await newIdentity(server.server, { role: 'member', displayName: 'Watcher' }),
    );
    await watcher.get('room.join', { roomId: ROOM });
  });
  after(async () => {
    watcher?.close();
    await server?.close();
  });

  /** Calls, runs the checks and hangs up. */
  async function calls(
    oddities: Oddities,
    then: (answer: string, caller: OddCaller) => unknown,
    hosts: string[] = [],
  ): Promise<void> {
    const caller = await OddCaller.open(server, ...hosts);
    try {
      await then(await caller.call(oddities), caller);
    } finally {
      await caller.close();
    }
  }

  it('a caller with an ISO-8859-1 name gets in, is shown correctly, and sees its own bytes echoed', async () => {
    const from = '"M\xfcller" <sip:+4930111@127.0.0.2>';
    await calls({ from, headers: ['Subject: T\xe9l'] }, async (answer) => {
      assert.match(answer, /^SIP\/2\.0 200 /);
      assert.ok(answer.includes(`\r\nFrom: ${from};tag=f\r\n`), answer);
      await shown('Müller');
    });
  });

  it('parameters and separators are removed from the caller’s and the dialled number', async () => {
    const uri = 'sip:+1-555-0100;npdi;rn=+15551111@127.0.0.1;user=phone';
    await calls({ uri, from: '<sip:+4930222;phone-context=x@127.0.0.2>' }, async (answer) => {
      assert.match(answer, /^SIP\/2\.0 200 /);
      await shown('+4930222');
    });
  });

  it('a caller with a host name in its SDP gets media at its signalling address', async () => {
    const media = (port: number) => [`m=audio ${port}/2 RTP/AVPF 0`];
    await calls({ connection: 'IN IP4 phone.example', media }, async (answer, caller) => {
      assert.match(answer, /m=audio [0-9]+ RTP\/AVPF 0\r\n/);
      await caller.hears();
    });
  });

  for (const [host, mediaHost] of [
    ['::1', '127.0.0.2'],
    ['127.0.0.2', '::1'],
  ] as const) {
    it(`a caller with SIP at ${host} may have media at ${mediaHost}`, async () => {
      await calls(
        {},
        async (answer, caller) => {
          assert.match(answer, /^SIP\/2\.0 200 /);
          assert.ok(answer.includes(isIPv6(mediaHost) ? '\r\nc=IN IP6 ' : '\r\nc=IN IP4 '), answer);
          await caller.hears();
        },
        [host, mediaHost],
      );
    });
  }

  for (const [name, type, body] of [
    ['Short keys', 'application/dtmf', 'd=K\r\n'],
    ['Nortel keys', 'application/vnd.nortelnetworks.digits', 'p=Digit-Collection\r\ny=Digits\r\nd=K\r\n'],
  ] as const) {
    it(`a caller enters its PIN by INFO with ${type}`, async () => {
      const from = `"${name}" <sip:a@127.0.0.2>`;
      await calls({ uri: 'sip:200@127.0.0.1', from }, async (_answer, caller) => {
        // The prompt is playing: keys count from now on.
        await caller.hears();
        for (const key of `${PIN}#`) {
          const answer = await caller.inDialog('INFO', [`Content-Type: ${type}`], body.replace('K', key));
          assert.match(answer, /^SIP\/2\.0 200 /);
        }
        await shown(name);
      });
    });
  }
});
