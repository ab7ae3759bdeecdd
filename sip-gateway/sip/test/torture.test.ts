import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { SipStack } from '../index.ts';
import { parseMessage, type SipMessage, SipParseError } from '../message/index.ts';
import { TORTURE, TORTURE_IPV6 } from './torture.ts';

/** What the parser says of each message that it refuses: the status for a request, 0 for a response that is dropped. */
const REFUSED: Readonly<Record<string, number>> = {
  badinv01: 400,
  clerr: 400,
  ncl: 400,
  scalar02: 400,
  scalarlg: 400,
  quotbal: 400,
  ltgtruri: 400,
  lwsruri: 400,
  lwsstart: 400,
  trws: 400,
  escruri: 400,
  badaspec: 400,
  badvers: 505,
  mismatch01: 400,
  mismatch02: 400,
  bigcode: 400,
  insuf: 400,
  multi01: 400,
  mcl01: 400,
  'ipv6-bad': 400,
  'ipv6-bug-abnf-3-colons': 400,
};

function parsed(name: string): SipMessage {
  const message = [...TORTURE, ...TORTURE_IPV6].find((candidate) => candidate.name === name);
  const result = parseMessage(message?.bytes ?? Buffer.alloc(0));
  if ('error' in result) {
    throw result.error;
  }
  return result.message;
}

describe('threat 17: the torture messages of RFC 4475 and RFC 5118', () => {
  for (const { name, section, bytes } of [...TORTURE, ...TORTURE_IPV6]) {
    const status = REFUSED[name];
    it(`${section} ${name} is ${status === undefined ? 'read' : 'refused'}`, () => {
      const result = parseMessage(bytes);
      if (status === undefined) {
        if ('error' in result) {
          throw result.error;
        }
      } else {
        assert.ok('error' in result, 'it was read');
        assert.equal(result.error.status, status, result.error.message);
      }
    });
  }

  it('wsinv: folding, blanks, compact forms and mixed lists are read correctly', () => {
    const message = parsed('wsinv');
    assert.equal(message.kind, 'request');
    assert.equal(message.to.params.get('tag'), '1918181833n');
    assert.equal(message.from.displayName, 'J Rosenberg \\"');
    assert.deepEqual(message.cseq, { number: 9, method: 'INVITE' });
    assert.deepEqual(
      message.vias.map(({ transport, host, params }) => [transport, host, params.get('branch')]),
      [
        ['UDP', '192.0.2.2', '390skdjuw'],
        ['TCP', 'spindle.example.com', 'z9hG4bK9ikj8'],
        ['UDP', '192.168.255.111', 'z9hG4bK30239'],
      ],
    );
    assert.equal(message.headers.get('newfangledheader'), 'newfangled value continued newfangled value');
    assert.equal(message.headers.get('subject'), '');
  });

  it('intmeth: all unusual characters are kept', () => {
    const message = parsed('intmeth');
    assert.ok(message.kind === 'request' && message.uri.scheme === 'sip');
    assert.equal(message.method, "!interesting-Method0123456789_*+`.%indeed'~");
    assert.equal(message.uri.user, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
    assert.equal(message.uri.password, "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)");
    assert.equal(message.to.displayName, 'BEL:\x07 NUL:\x00 DEL:\x7f');
    assert.equal(message.from.displayName, "token1~` token2'+_ token3*%!.-");
    assert.equal(message.from.params.get("fromparam''~+*_!.-%"), '"работающий"');
  });

  it('dblreq: octets after the body of a datagram are not a second request', () => {
    const message = parsed('dblreq');
    assert.ok(message.kind === 'request' && message.method === 'REGISTER' && message.body.length === 0);
  });

  it('semiuri: a semicolon in the user part does not start a parameter', () => {
    const message = parsed('semiuri');
    assert.ok(message.kind === 'request' && message.uri.scheme === 'sip');
    assert.equal(message.uri.user, 'user;par=u%40example.net');
    assert.equal(message.uri.params.size, 0);
  });

  it('baddn: in a field with only one address, a comma belongs to the unquoted name', () => {
    const message = parsed('baddn');
    assert.equal(message.from.displayName, 'Bell, Alexander');
    assert.equal(message.to.displayName, 'Watson, Thomas');
  });

  it('port-ambiguous: a port without brackets is part of the address', () => {
    const message = parsed('port-ambiguous');
    assert.ok(message.kind === 'request' && message.uri.scheme === 'sip');
    assert.equal(message.uri.host, '[2001:db8::10:5070]');
    assert.equal(message.uri.port, undefined);
  });

  it('inv2543: a request of RFC 2543 is read', () => {
    const message = parsed('inv2543');
    assert.equal(message.from.params.size, 0);
    assert.equal(message.vias[0].params.size, 0);
  });

  /** What the stack answers; by name, where it is no 400 of the parser. Nothing: undefined. */
  const ANSWERS: Readonly<Record<string, number>> = {
    intmeth: 501,
    esc02: 501,
    mpart01: 405,
    unkscm: 416,
    novelsc: 416,
    bext01: 420,
    invut: 415,
    lwsdisp: 200,
    semiuri: 200,
    transports: 200,
    badbranch: 200,
    zeromf: 200,
    regaut01: 401,
    dblreq: 401,
    badvers: 505,
    // Without From, To and Call-ID no response can be built.
    insuf: 0,
    baddn: 200,
    scalar02: 400,
    clerr: 400,
    ltgtruri: 400,
    mismatch01: 400,
    mcl01: 400,
    baddate: 480,
    sdp01: 480,
  };

  it('over UDP, the stack answers each as the RFC requires, only to its source, and continues', async () => {
    const stack = await SipStack.create({
      listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }],
      anonymousCalls: true,
      users: { realm: 'canopy.test', lookup: () => undefined },
      requestsPerSecond: 1000,
    });
    const socket = createSocket('udp4');
    try {
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
      const port = stack.bound[0]?.local.port ?? 0;
      for (const { name, bytes } of TORTURE) {
        const expected = ANSWERS[name];
        if (expected === undefined || expected === 0) {
          continue;
        }
        // Without rport the answer goes to the port of the Via; with it, back here.
        const text = bytes
          .toString('latin1')
          .replace(/^(v|via)([ \t]*:[^\r\n]*)/im, (line) =>
            line.includes('rport') ? line : `${line};rport`,
          );
        socket.send(Buffer.from(text, 'latin1'), port, '127.0.0.1');
        let status = 100;
        while (status < 200) {
          const [answer] = await once(socket, 'message', { signal: AbortSignal.timeout(2000) });
          status = Number(/^SIP\/2\.0 ([0-9]{3})/.exec(answer.toString())?.[1]);
        }
        assert.equal(status, expected, name);
      }
      for (const { bytes } of TORTURE) {
        socket.send(bytes, port, '127.0.0.1');
      }
      assert.equal(await stack.ping(`sip:127.0.0.1:${port}`), 200);
    } finally {
      socket.close();
      await stack.close();
    }
  });

  it('over TCP, no message, whole or in single bytes, stops the stack from serving others', async () => {
    const stack = await SipStack.create({
      listen: [
        { protocol: 'tcp', address: '127.0.0.1', port: 0 },
        { protocol: 'udp', address: '127.0.0.1', port: 0 },
      ],
    });
    try {
      const port = stack.bound.find(({ protocol }) => protocol === 'tcp')?.local.port ?? 0;
      for (const { bytes } of [...TORTURE, ...TORTURE_IPV6]) {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => {});
        await once(socket, 'connect');
        socket.resume();
        for (let at = 0; at < bytes.length; at += 64) {
          socket.write(bytes.subarray(at, at + 64));
        }
        socket.end();
        await once(socket, 'close');
      }
      assert.equal(await stack.ping(`sip:127.0.0.1:${port};transport=tcp`), 200);
    } finally {
      await stack.close();
    }
  });

  it('a wrong or missing Content-Length ends the connection after a 400', async () => {
    const stack = await SipStack.create({ listen: [{ protocol: 'tcp', address: '127.0.0.1', port: 0 }] });
    try {
      for (const length of [
        'Content-Length: -1',
        'Content-Length: 5\r\nl: 6',
        'X: y',
        'Content-Length: 99999999',
      ]) {
        const socket = connect(stack.bound[0]?.local.port ?? 0, '127.0.0.1');
        let answer = '';
        socket.on('data', (chunk) => {
          answer += chunk.toString();
        });
        socket.write(
          `OPTIONS sip:a@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:b@127.0.0.1>;tag=1\r\nTo: <sip:a@127.0.0.1>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n${length}\r\n\r\n`,
        );
        await once(socket, 'close');
        assert.match(answer, /^SIP\/2\.0 (400|513) /);
      }
    } finally {
      await stack.close();
    }
  });

  it('runs of blanks, quotes and parameters take at most linear time', () => {
    const head =
      'OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n';
    const long = 30_000;
    for (const hostile of [
      `From: ${' '.repeat(long)}x\r\nTo: <sip:a@b>\r\n\r\n`,
      `From: <sip:a@b>\r\nTo:${'\r\n '.repeat(long / 3)}x\r\n\r\n`,
      `From: ${'"\\'.repeat(long / 2)}\r\nTo: <sip:a@b>\r\n\r\n`,
      `From: <sip:a@b>${';'.repeat(long)}\r\nTo: <sip:a@b>\r\n\r\n`,
      `From: <tel:+${'1'.repeat(long)}x>\r\nTo: <sip:a@b>\r\n\r\n`,
      `From: <sip:${'a.'.repeat(long / 2)}!>\r\nTo: <sip:a@b>\r\n\r\n`,
    ]) {
      const started = performance.now();
      parseMessage(Buffer.from(head + hostile));
      assert.ok(performance.now() - started < 250, hostile.slice(0, 20));
    }
  });

  it('arbitrary bytes result in a message or a SipParseError', () => {
    let seed = 1;
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed / 2 ** 31;
    };
    for (const { bytes } of TORTURE) {
      for (let round = 0; round < 60; round++) {
        const copy = Buffer.from(bytes);
        for (let change = 0; change < 4; change++) {
          copy[Math.floor(random() * copy.length)] = Math.floor(random() * 256);
        }
        const result = parseMessage(copy.subarray(0, Math.floor(random() * (copy.length + 1))));
        if ('error' in result) {
          assert.ok(result.error instanceof SipParseError);
        }
      }
    }
  });
});
