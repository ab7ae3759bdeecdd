import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMessage, type SipRequest } from '../message/index.ts';
import { sessionBody } from './body.ts';
import { infoDigits } from './info.ts';

function request(type: string, body: string | Buffer, method = 'INVITE'): SipRequest {
  const bytes = Buffer.from(body);
  const head = [
    `${method} sip:100@192.0.2.9 SIP/2.0`,
    'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa',
    'From: <sip:a@192.0.2.1>;tag=1',
    'To: <sip:100@192.0.2.9>',
    'Call-ID: a',
    `CSeq: 1 ${method}`,
    `Content-Type: ${type}`,
    `Content-Length: ${bytes.length}`,
  ];
  const result = parseMessage(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), bytes]));
  assert.ok('message' in result && result.message.kind === 'request');
  return result.message;
}

const sdp = (protocol: string) =>
  `v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=ж\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 5000 ${protocol} 0\r\n`;
const part = (type: string, body: string) => `Content-Type: ${type}\r\n\r\n${body}`;

function multipart(subtype: string, parts: string[], boundary = 'b1'): [type: string, body: string] {
  const lines = parts.map((text) => `--${boundary}\r\n${text}\r\n`);
  return [`multipart/${subtype};boundary=${boundary}`, `${lines.join('')}--${boundary}--\r\n`];
}

describe('sessionBody()', () => {
  const plain = sdp('RTP/AVP');
  const secure = sdp('RTP/SAVP');
  const isup = part('application/isup;version=ansi88', '\x01\x10');

  it('finds SDP alone and in a multipart body, with CRLF or LF line ends', () => {
    const [type, body] = multipart('mixed', [isup, part('application/sdp', plain)]);
    assert.equal(sessionBody(request('Application/SDP; charset=utf-8', plain)).sdp, plain);
    assert.equal(sessionBody(request(type, body)).sdp, plain);
    assert.equal(
      sessionBody(request(type, body.replaceAll('\r', ''))).sdp,
      `${plain.replaceAll('\r', '').trimEnd()}\n`,
    );
  });

  it('finds the alternatives with unencrypted and encrypted audio, in any order', () => {
    for (const order of [
      [secure, plain],
      [plain, secure],
    ]) {
      const parts = order.map((text) => part('application/sdp', text));
      assert.deepEqual(sessionBody(request(...multipart('alternative', parts))), {
        sdp: plain,
        encryptedSdp: secure,
        unsupported: false,
      });
    }
  });

  it('finds SDP in nested multipart bodies, even if one boundary is a prefix of the other', () => {
    const alternatives = [secure, plain].map((text) => part('application/sdp', text));
    const [type, body] = multipart('alternative', alternatives, 'b1-2');
    assert.equal(sessionBody(request(...multipart('mixed', [part(type, body), isup]))).sdp, plain);
  });

  it('ignores bodies of other types', () => {
    for (const [type, body] of [
      multipart('mixed', [isup]),
      multipart('mixed', []),
      ['multipart/mixed', `--b1\r\n${part('application/sdp', plain)}\r\n--b1--\r\n`],
      ['multipart/mixed;boundary=(((', '((('],
      ['text/plain', plain],
    ] as const) {
      assert.deepEqual(sessionBody(request(type, body)), { unsupported: true }, type);
    }
  });
});

describe('infoDigits()', () => {
  const keys = (type: string, body: string | Buffer) =>
    infoDigits(request(type, body, 'INFO'))?.map(({ digit }) => digit) ?? [];

  it('reads the bodies that phones send', () => {
    for (const [type, body, expected] of [
      ['application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n', '5'],
      ['application/dtmf-relay', 'Signal= *\nDuration= 160', '*'],
      ['application/dtmf-relay', 'Signal=11', '#'],
      ['application/dtmf-relay', 'Duration: 160\r\nSignal: 5\r\n', '5'],
      ['application/dtmf', '5', '5'],
      ['application/dtmf', ' #\r\n', '#'],
      ['application/dtmf', 'd=5\r\n', '5'],
      ['application/dtmf', 'Signal=5\r\nDuration=160\r\n', '5'],
      ['application/vnd.nortelnetworks.digits', 'p=Digit-Collection\r\ny=Digits\r\n\r\nd=5', '5'],
      ['application/vnd.nortelnetworks.digits', 'p=Digit-Collection\r\ny=Digits\r\nd=12#\r\n', '12#'],
      ['audio/telephone-event', '\x05\x0a\x00\xa0', '5'],
      ['audio/telephone-event', '\x0a\x0a\x00\xa0', '*'],
      // The end of the event above.
      ['audio/telephone-event', '\x0a\x80\x03\x20', ''],
      ['audio/telephone-event', 'Signal=5\r\nDuration=160\r\n', '5'],
    ] as const) {
      assert.equal(keys(type, Buffer.from(body, 'latin1')).join(''), expected, body);
    }
  });

  it('returns nothing if the body has no key', () => {
    for (const type of [
      'application/dtmf-relay',
      'application/dtmf',
      'application/vnd.nortelnetworks.digits',
    ]) {
      for (const body of ['', 'd=', 'd=x', 'Signal=E', 'signal 5', 'p=Digit-Collection\r\ny=Digits']) {
        assert.deepEqual(keys(type, body), [], `${type}: ${body}`);
      }
    }
    assert.deepEqual(keys('application/dtmf-relay', 'Signal=17'), []);
    assert.deepEqual(keys('text/plain', '5'), []);
  });
});
