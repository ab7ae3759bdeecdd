import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  addressesOf,
  buildErrorResponse,
  buildResponse,
  formatUri,
  numberOrUser,
  type ParseResult,
  parseMessage,
  parseUri,
  type SipMessage,
  type SipRequest,
  serializeMessage,
} from './index.ts';

const FIELDS: Readonly<Record<string, string>> = {
  Via: 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa;rport',
  From: '<sip:ann@192.0.2.1>;tag=f',
  To: '<sip:100@192.0.2.9>',
  'Call-ID': 'call@192.0.2.1',
  CSeq: '1 INVITE',
};

/** A message, one character per byte. `fields` replace or follow the default ones. */
function wire(fields: Record<string, string> = {}, start = 'INVITE sip:100@192.0.2.9 SIP/2.0', tail = '') {
  const lines = Object.entries({ ...FIELDS, ...fields }).map(([name, value]) => `${name}: ${value}`);
  return Buffer.from(`${[start, ...lines].join('\r\n')}${tail}\r\n\r\n`, 'latin1');
}

function read(bytes: Buffer): SipMessage {
  const result = parseMessage(bytes);
  if ('error' in result) {
    throw result.error;
  }
  return result.message;
}

function request(fields: Record<string, string>): SipRequest {
  const message = read(wire(fields));
  assert.equal(message.kind, 'request');
  return message as SipRequest;
}

/** The response to an unreadable request, one character per byte. */
function refusal(result: ParseResult): string {
  assert.ok('error' in result, 'it was read');
  assert.ok(result.method !== undefined && result.headers, 'what an answer needs was not read');
  const response = buildErrorResponse(result.headers, result.error, 'ours');
  assert.ok(response, 'there is no answer');
  return serializeMessage(response).toString('latin1');
}

describe('bytes that are not UTF-8', () => {
  const UMLAUT = '"M\xfcller" <sip:+4930111@192.0.2.1>;tag=f';

  it('an ISO-8859-1 name and a UTF-8 name in one message are both read correctly', () => {
    const utf8 = Buffer.from('"J\u00fcrgen \u{1f480}" <sip:1@192.0.2.1>').toString('latin1');
    const { from, headers } = request({ From: UMLAUT, 'P-Asserted-Identity': utf8 });
    assert.equal(from.displayName, 'Müller');
    assert.equal(addressesOf(headers, 'p-asserted-identity')[0]?.displayName, 'Jürgen \u{1f480}');
  });

  it('a response echoes header fields byte for byte', () => {
    const echoed = {
      Via: 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK\xe9;rport',
      From: '"M\xfcller" <sip:ann@192.0.2.1>;tag=\xff\xfe',
      To: 'Caf\xe9 <sip:100@192.0.2.9>',
      'Call-ID': 'caf\xe9@192.0.2.1',
    };
    const text = serializeMessage(buildResponse(request(echoed), 200, { toTag: 'ours' })).toString('latin1');
    for (const value of Object.values(echoed)) {
      assert.ok(text.includes(value), value);
    }
  });

  it('Call-IDs and tags that differ only in such bytes stay distinct', () => {
    const [one, other] = ['\xe9', '\xc3\xa9'].map((byte) =>
      request({ 'Call-ID': byte, From: `<sip:a@b>;tag=${byte}` }),
    );
    assert.notEqual(one?.callId, other?.callId);
    assert.notEqual(one?.from.params.get('tag'), other?.from.params.get('tag'));
  });

  it('a 200 with such bytes is still a 200', () => {
    const message = read(wire({ Server: 'T\xe9l', 'X-Loc': 'Caf\xe9' }, 'SIP/2.0 200 D\xe9croch\xe9'));
    assert.ok(message.kind === 'response');
    assert.equal(message.status, 200);
    assert.equal(message.reason, 'Décroché');
  });

  it('every byte of a field survives reading and writing', () => {
    const all = Array.from({ length: 224 }, (_, index) => String.fromCharCode(index + 32)).join('');
    const message = request({ 'X-All': all, 'X-Utf8': Buffer.from('ж\u{1f480}').toString('latin1') });
    assert.ok(serializeMessage(message).toString('latin1').includes(`X-All: ${all.trim()}\r\n`));
    assert.ok(serializeMessage(message).includes('X-Utf8: ж\u{1f480}\r\n'));
  });
});

describe('unreadable requests are answered', () => {
  const many = Array.from({ length: 205 }, (_, index) => `\r\nX-H${index}: ${index}`).join('');

  for (const [what, status, bytes] of [
    ['a line without a colon', 400, wire({}, undefined, '\r\nno colon here')],
    ['a bare CR in a field', 400, wire({ Subject: 'a\rb' })],
    ['no empty line after the header section', 400, wire().subarray(0, -2)],
    ['an unterminated last line', 400, wire().subarray(0, -4)],
    ['more than 200 fields', 513, wire({}, undefined, many)],
    ['the mandatory fields after 200 others', 513, wire({}, `INVITE sip:1@h SIP/2.0${many}`)],
    ['a header section of more than 32 KiB', 513, wire({ Subject: 'x'.repeat(40_000) })],
    [
      'another version of SIP',
      505,
      wire({ Via: 'SIP/7.0/UDP 192.0.2.1;branch=1' }, 'INVITE sip:1@h SIP/7.0'),
    ],
    ['port 0 in the Via', 400, wire({ Via: 'SIP/2.0/UDP 192.0.2.1:0;branch=z9hG4bKa;rport' })],
    [
      'an IPv6 address without brackets in the Via',
      400,
      wire({ Via: 'SIP/2.0/UDP 2001:db8::1;branch=z9hG4bKa' }),
    ],
    ['a meaningless Via', 400, wire({ Via: '192.0.2.1' })],
    ['a byte that is not UTF-8 in the Request-URI', 400, wire({}, 'INVITE sip:\xe9\xe9@h\xe9 SIP/2.0')],
    ['a malformed From', 400, wire({ From: '<sip:a@b' })],
  ] as const) {
    it(`with ${what}: ${status}`, () => {
      const answer = refusal(parseMessage(bytes));
      assert.match(answer, new RegExp(`^SIP/2\\.0 ${status} `));
      for (const field of ['Call-ID: call@192.0.2.1', 'CSeq: 1 INVITE', 'To: <sip:100@192.0.2.9>;tag=ours']) {
        assert.ok(answer.includes(`${field}\r\n`), answer);
      }
    });
  }

  it('a malformed line in a response is ignored, since there is nobody to report it to', () => {
    const message = read(wire({}, 'SIP/2.0 200 OK', '\r\nno colon here\r\nX Foo: bar'));
    assert.ok(message.kind === 'response' && message.status === 200);
  });

  it('a field with a malformed name is ignored (RFC 3261 §8.2.2)', () => {
    assert.equal(request({ 'X Foo': 'bar', Subject: 'y' }).headers.get('subject'), 'y');
  });

  it('anything other than SIP is not answered', () => {
    for (const text of ['GET / HTTP/1.1\r\nHost: h\r\n\r\n', 'hello', '', '\r\n', '\x00\x01\x02\r\n\r\n']) {
      const result = parseMessage(Buffer.from(text));
      assert.ok('error' in result);
      assert.equal(result.headers && buildErrorResponse(result.headers, result.error, 'ours'), undefined);
    }
  });
});

describe('quirks of real devices', () => {
  it('if a SIP ALG repeats rport or received in a Via, the last one counts', () => {
    const { vias } = request({
      Via: 'SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bKa;received=192.0.2.2;rport=1111;received=192.0.2.3',
    });
    assert.equal(vias[0].params.get('rport'), '1111');
    assert.equal(vias[0].params.get('received'), '192.0.2.3');
    assert.ok('error' in parseMessage(wire({ Via: 'SIP/2.0/UDP h;branch=z9hG4bKa;branch=z9hG4bKb' })));
  });

  it('a Call-ID is any text without blanks', () => {
    for (const callId of ['a=b', 'a#b&c;d$e|f^g,h@i@j', '@', '<>']) {
      assert.equal(request({ 'Call-ID': callId }).callId, callId);
    }
    for (const callId of ['', 'a b', 'a\x01b']) {
      assert.ok('error' in parseMessage(wire({ 'Call-ID': callId })));
    }
  });

  it('a display name may lack the quotes it needs', () => {
    for (const name of [
      'Room: 7',
      'Meeting (1)',
      'ann@example.com',
      'Sales / Support',
      'Armstrong, Clint',
      '[x]',
      'a=b;c',
    ]) {
      assert.equal(request({ From: `${name} <sip:10048@192.0.2.2>;tag=1` }).from.displayName, name);
    }
  });

  it('a comma still ends an address in a list', () => {
    const { headers } = request({ Route: 'sip:a@b;lr, Meeting (1) <sip:c@d;lr>,<sip:e@f>' });
    assert.deepEqual(
      addressesOf(headers, 'route').map(({ displayName, uri }) => [displayName, formatUri(uri)]),
      [
        [undefined, 'sip:a@b'],
        ['Meeting (1)', 'sip:c@d;lr'],
        [undefined, 'sip:e@f'],
      ],
    );
  });

  it('a quoted name may precede an address without <>', () => {
    const { from } = request({ From: '"+39066" sip:+39066@192.0.2.2;user=phone;tag=1' });
    assert.deepEqual(
      [from.displayName, formatUri(from.uri), from.params.get('tag')],
      ['+39066', 'sip:+39066@192.0.2.2', '1'],
    );
  });

  it('the user part may be empty', () => {
    const { from } = request({ From: '<sip:@192.0.2.2>;tag=1' });
    assert.equal(formatUri(from.uri), 'sip:@192.0.2.2');
    assert.equal(numberOrUser(from.uri), '');
  });

  it('parameters of URIs and fields may hold base64', () => {
    const { headers } = request({ Contact: '<sip:a@192.0.2.2:5060;vsf=AA==>;x=BB==;expires=3' });
    const [contact] = addressesOf(headers, 'contact');
    assert.equal(contact && formatUri(contact.uri), 'sip:a@192.0.2.2:5060;vsf=AA==');
    assert.equal(contact?.params.get('x'), 'BB==');
    assert.equal(contact?.params.get('expires'), '3');
  });

  it('blanks and non-ASCII letters in a user part are escaped, so that requests can be sent to it', () => {
    assert.equal(formatUri(parseUri('sip:a b@192.0.2.2')), 'sip:a%20b@192.0.2.2');
    const { from } = request({ From: '<sip:J\xfcrg@192.0.2.2>;tag=1', To: '<sip:J\xc3\xbcrg@h>' });
    assert.equal(formatUri(from.uri), 'sip:J%FCrg@192.0.2.2');
    for (const text of ['sip:a\r\nb@h', 'sip:a\x00@h', 'sip:a"@h', 'sip: @']) {
      assert.throws(() => parseUri(text), text);
    }
  });

  it('a number in a SIP URI is read without separators and parameters', () => {
    for (const [uri, expected] of [
      ['sip:+1-555-0100@h;user=phone', '+15550100'],
      ['sip:+1(555)0100@h', '+15550100'],
      ['sip:+15550100;npdi@h', '+15550100'],
      ['sip:+15550100;npdi;rn=+15551111@h', '+15550100'],
      ['sip:+15550100;cic=+10288@h;user=phone', '+15550100'],
      ['sip:100;phone-context=example.com@h', '100'],
      ['sip:%2B1555@h', '+1555'],
      ['sip:+1 555 0100@h', '+15550100'],
      ['sip:*69@h', '*69'],
      ['tel:+1-555-0100;ext=7', '+15550100'],
      ['sip:ann.bell@h', 'ann.bell'],
      ['sip:conf-1@h', 'conf-1'],
      ['sip:user;par=u%40example.net@h', 'user;par=u@example.net'],
      ['sip:1-team@h', '1-team'],
      ['sip:h', ''],
    ] as const) {
      assert.equal(numberOrUser(parseUri(uri)), expected, uri);
    }
  });
});
