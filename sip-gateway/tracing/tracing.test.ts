import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { createLogger, loadConfig } from '../../base/index.ts';
import { CallTraces } from './call-traces.ts';
import { hepExporter } from './hep-exporter.ts';
import { hepPacket } from './hep-packet.ts';
import { withoutSecrets } from './without-secrets.ts';

const LOCAL = { address: '192.0.2.1', port: 5060 };
const REMOTE = { address: '198.51.100.7', port: 5080 };
const bytes = Buffer.from('OPTIONS sip:a@b SIP/2.0\r\n\r\n');

/** The chunks of a HEP3 packet, by type. */
function chunksOf(packet: Buffer): Map<number, Buffer> {
  assert.equal(packet.toString('latin1', 0, 4), 'HEP3');
  assert.equal(packet.readUInt16BE(4), packet.length);
  const chunks = new Map<number, Buffer>();
  for (let at = 6; at < packet.length; ) {
    assert.equal(packet.readUInt16BE(at), 0, 'vendor');
    const length = packet.readUInt16BE(at + 4);
    chunks.set(packet.readUInt16BE(at + 2), packet.subarray(at + 6, at + length));
    at += length;
  }
  return chunks;
}

describe('HEP3 packets', () => {
  it('carry a received message with its addresses, ports and time', () => {
    const message = { sent: false, overTcp: false, local: LOCAL, remote: REMOTE, bytes };
    const chunks = chunksOf(hepPacket({ message, atMs: 1_700_000_000_123.456, captureId: 7, password: 'p' }));
    assert.deepEqual([...(chunks.get(3) ?? [])], [198, 51, 100, 7]);
    assert.deepEqual([...(chunks.get(4) ?? [])], [192, 0, 2, 1]);
    assert.equal(chunks.get(7)?.readUInt16BE(), 5080);
    assert.equal(chunks.get(8)?.readUInt16BE(), 5060);
    assert.equal(chunks.get(9)?.readUInt32BE(), 1_700_000_000);
    assert.equal(chunks.get(10)?.readUInt32BE(), 123_456);
    assert.equal(chunks.get(12)?.readUInt32BE(), 7);
    assert.equal(chunks.get(14)?.toString(), 'p');
    assert.deepEqual(chunks.get(15), bytes);
    assert.deepEqual([chunks.get(1)?.[0], chunks.get(2)?.[0]], [2, 17]);
  });

  it('carry IPv6 addresses, and say TCP for what is sent over a connection', () => {
    const message = {
      sent: true,
      overTcp: true,
      local: { address: '2001:db8::1', port: 5061 },
      remote: { address: '::1', port: 40_000 },
      bytes,
    };
    const chunks = chunksOf(hepPacket({ message, atMs: 0, captureId: 1 }));
    assert.equal(chunks.get(5)?.toString('hex'), '20010db8000000000000000000000001');
    assert.equal(chunks.get(6)?.toString('hex'), '00000000000000000000000000000001');
    assert.deepEqual([chunks.get(1)?.[0], chunks.get(2)?.[0]], [10, 6]);
  });

  it('cut off a message that does not fit', () => {
    const message = {
      sent: true,
      overTcp: true,
      local: LOCAL,
      remote: REMOTE,
      bytes: Buffer.alloc(70_000, 'a'),
    };
    const packet = hepPacket({ message, atMs: 0, captureId: 1 });
    assert.equal(packet.length, 65_000);
    assert.ok((chunksOf(packet).get(15)?.length ?? 0) > 64_000);
  });
});

describe('copies of SIP messages', () => {
  it('have no keys of SRTP, passwords of ICE or answers to challenges, and the same length', () => {
    const original = [
      'INVITE sip:100@example.com SIP/2.0',
      'Authorization: Digest username="a", response="0123456789abcdef0123456789abcdef", algorithm=MD5',
      'Proxy-Authorization: Digest username="b",',
      '  response=feed',
      'Subject: response="kept"',
      '',
      'v=0',
      'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4',
      'a=ice-pwd:asd88fgpdd777uzjYhagZg',
      'a=rtpmap:0 PCMU/8000',
      '',
    ].join('\r\n');
    const copy = withoutSecrets(Buffer.from(original)).toString();
    assert.equal(copy.length, original.length);
    for (const secret of ['0123456789abcdef', 'feed', 'WVNfX19z', 'asd88fgpdd']) {
      assert.ok(!copy.includes(secret), secret);
    }
    for (const kept of ['username="a"', 'response="kept"', '|2^20|1:4', 'a=rtpmap:0 PCMU/8000']) {
      assert.ok(copy.includes(kept), kept);
    }
  });

  it('do not show the keys that a caller pressed', () => {
    const info =
      'INFO sip:a@b SIP/2.0\r\nContent-Type: application/dtmf-relay\r\n\r\nSignal=7\r\nDuration=160\r\n';
    const copy = withoutSecrets(Buffer.from(info)).toString();
    assert.equal(copy, info.replace('Signal=7', 'xxxxxxxx').replace('Duration=160', 'xxxxxxxxxxxx'));
  });
});

describe('traces of calls', () => {
  const see = (traces: CallTraces, sipCallId: string, line: string, sent = false) =>
    traces.see({
      sent,
      overTcp: false,
      local: LOCAL,
      remote: REMOTE,
      bytes: Buffer.from(`${line}\r\ni: ${sipCallId}\r\n\r\n`),
    });

  it('have the messages of all SIP calls of a call in order, also after a flood by strangers', () => {
    const traces = new CallTraces();
    see(traces, 'first@a', 'INVITE sip:1@b SIP/2.0');
    traces.keep('call', 'first@a');
    for (let i = 0; i < 1000; i++) {
      see(traces, `stranger ${i}`, 'INVITE sip:1@b SIP/2.0');
    }
    see(traces, 'first@a', 'SIP/2.0 302 Moved', true);
    see(traces, 'second@a', 'INVITE sip:2@b SIP/2.0');
    traces.keep('call', 'second@a');
    assert.deepEqual(
      traces.of('call').map(({ text, sent }) => [text.split('\r\n')[0], sent]),
      [
        ['INVITE sip:1@b SIP/2.0', false],
        ['SIP/2.0 302 Moved', true],
        ['INVITE sip:2@b SIP/2.0', false],
      ],
    );
    assert.deepEqual(traces.of('another'), []);
  });

  it('end after sixty messages, and cut off long ones', () => {
    const traces = new CallTraces();
    traces.keep('call', 'a');
    for (let i = 0; i < 100; i++) {
      see(traces, 'a', `OPTIONS sip:${'1'.repeat(3000)}@b SIP/2.0`);
    }
    see(traces, 'b', 'OPTIONS sip:b SIP/2.0');
    assert.equal(traces.of('call').length, 60);
    const long = new CallTraces();
    long.keep('call', 'a');
    long.see({
      sent: true,
      overTcp: true,
      local: LOCAL,
      remote: REMOTE,
      bytes: Buffer.from(`INVITE sip:a@b SIP/2.0\r\nCall-ID: a\r\n\r\n${'x'.repeat(60_000)}`),
    });
    assert.equal(long.of('call')[0]?.text.length, 4000);
  });
});

it('a capture server that is away, or that does not exist, does not matter', async () => {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  const log = createLogger({ level: 'silent', format: 'json' });
  const open = (host: string) =>
    hepExporter(loadConfig({ env: {}, flags: { 'sip.hepHost': host, 'sip.hepPort': port } }).sip, log);
  const message = { sent: true, overTcp: false, local: LOCAL, remote: REMOTE, bytes };
  const there = open('127.0.0.1');
  const nowhere = open('capture.invalid');
  try {
    const arrived = once(socket, 'message');
    const timer = setInterval(() => {
      there?.export(message);
      nowhere?.export(message);
    }, 10);
    const [packet] = (await arrived) as [Buffer];
    assert.deepEqual(chunksOf(packet).get(15), bytes);
    socket.close();
    there?.export(message);
    clearInterval(timer);
  } finally {
    there?.close();
    nowhere?.close();
  }
  assert.equal(hepExporter(loadConfig({ env: {}, flags: {} }).sip, log), undefined);
});
