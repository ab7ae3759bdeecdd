import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { SipStack } from '../index.ts';

/** Time limit for a message, in milliseconds. */
const MESSAGE_MS = 200;
const STRANGER_MS = 700;
const PATIENCE_MS = 5000;

function request(method: string, id: string): string {
  return [
    `${method} sip:100@127.0.0.1 SIP/2.0`,
    `Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK${id}`,
    'From: <sip:ann@127.0.0.1>;tag=1',
    'To: <sip:100@127.0.0.1>',
    `Call-ID: ${id}`,
    `CSeq: 1 ${method}`,
    'Contact: <sip:ann@127.0.0.1:9;transport=tcp>',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

/** The far end of a connection to the stack. */
class Peer {
  readonly socket: Socket;
  received = '';
  readonly #began = performance.now();
  readonly closed: Promise<number>;

  constructor(port: number, host = '127.0.0.1') {
    this.socket = connect(port, host);
    this.socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1');
    });
    // It may be reset if the stack closed it while this end was writing.
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      this.socket.once('close', () => resolve(performance.now() - this.#began));
    });
  }

  /** Waits until the received text matches. */
  async until(what: RegExp): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    while (!what.test(this.received)) {
      await once(this.socket, 'data', { signal });
    }
  }

  /** Checks that the connection still answers. */
  async ping(id: string): Promise<void> {
    this.received = '';
    this.socket.write(request('OPTIONS', id));
    await this.until(/^SIP\/2\.0 200 OK/);
  }
}

describe('TCP connections of peers', () => {
  let stack: SipStack;
  let peers: Peer[];
  const open = (host?: string) => {
    const { port } = stack.bound[0]?.local ?? { port: 0 };
    const peer = new Peer(port, host);
    peers.push(peer);
    return peer;
  };

  beforeEach(async () => {
    peers = [];
    stack = await SipStack.create({
      listen: [{ protocol: 'tcp', address: '::', port: 0 }],
      anonymousCalls: true,
      messageMs: MESSAGE_MS,
      strangerMs: STRANGER_MS,
      maxConnectionsPerSource: 3,
    });
    stack.on('invite', (call) => call.ring());
  });
  afterEach(async () => {
    for (const { socket } of peers) {
      socket.destroy();
    }
    await stack.close();
  });

  /** A peer whose call is ringing, so it is no longer a stranger. */
  async function caller(id: string): Promise<Peer> {
    const peer = open();
    peer.socket.write(request('INVITE', id));
    await peer.until(/SIP\/2\.0 180 /);
    return peer;
  }

  for (const [what, blank] of [
    ['a CRLF', '\r\n'],
    ['three CRLFs', '\r\n\r\n\r\n'],
    ['a lone LF', '\n'],
    ['a lone CR', '\r'],
    ['a line of blanks', ' \t\r\n'],
    ['half a keep-alive after a complete one', '\r\n\r\n\r\n'],
  ] as const) {
    it(`${what} between messages does not start a message: the connection stays open`, async () => {
      const peer = await caller('blank');
      peer.socket.write(blank);
      await pause(MESSAGE_MS * 2);
      await peer.ping('blank-after');
      peer.socket.write(`${request('OPTIONS', 'behind')}${blank}`);
      await pause(MESSAGE_MS * 2);
      await peer.ping('behind-after');
    });
  }

  it('a double CRLF is answered with one CRLF, even if it arrives in pieces', async () => {
    const peer = await caller('pong');
    for (const pieces of [['\r\n\r\n'], ['\r\n', '\r\n'], ['\r', '\n\r', '\n'], ['\n\r\n\r\n']]) {
      peer.received = '';
      for (const piece of pieces) {
        peer.socket.write(piece);
        await pause(20);
      }
      await peer.until(/^\r\n$/);
    }
    peer.received = '';
    peer.socket.write(`\r\n\r\n\r\n\r\n${request('OPTIONS', 'after')}`);
    await peer.until(/^(?:\r\n\r\nSIP\/2\.0 200 [\s\S]*|SIP\/2\.0 200 [\s\S]*\r\n\r\n\r\n\r\n)$/);
  });

  it('an incomplete message ends any connection after the time limit', async () => {
    const peer = await caller('half');
    peer.socket.write('OPTIONS sip:100@127.0.0.1 SIP/2.0\r\n');
    assert.ok((await peer.closed) < PATIENCE_MS);
  });

  it('threat 70: keep-alives do not keep a stranger’s connection open', async () => {
    const peer = open();
    const pings = setInterval(() => peer.socket.write('\r\n\r\n'), MESSAGE_MS / 4);
    try {
      assert.ok((await peer.closed) < MESSAGE_MS * 5);
      assert.match(peer.received, /^(?:\r\n)+$/);
    } finally {
      clearInterval(pings);
    }
  });

  it('threat 70: OPTIONS keep a stranger’s connection open for a limited time only', async () => {
    const peer = open();
    let sent = 0;
    const options = setInterval(
      () => peer.socket.write(request('OPTIONS', `again${sent++}`)),
      MESSAGE_MS / 3,
    );
    try {
      const lasted = await peer.closed;
      assert.ok(lasted > MESSAGE_MS * 2 && lasted < STRANGER_MS * 5, `${lasted}`);
    } finally {
      clearInterval(options);
    }
  });

  it('threat 70: the connection of a caller may be silent', async () => {
    const peer = await caller('stays');
    await pause(STRANGER_MS * 1.5);
    await peer.ping('stays-after');
  });

  it('threat 70: a flood of keep-alives ends the connection', async () => {
    const peer = await caller('flood');
    peer.received = '';
    peer.socket.write('\r\n'.repeat(20_000));
    await peer.closed;
    assert.ok(peer.received.length < 100, `${peer.received.length}`);
    await open().ping('flood-after');
  });

  it('threat 70: connections are limited per source network', async () => {
    const three = [open('::1'), open('::1'), open('::1')];
    for (const [index, peer] of three.entries()) {
      await peer.ping(`six${index}`);
    }
    const fourth = open('::1');
    await fourth.closed;
    assert.equal(fourth.received, '');
    await open('127.0.0.1').ping('four');
  });
});
