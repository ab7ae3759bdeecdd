import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type NameAddr, parseMessage, parseUri, serializeMessage, type Via } from './index.ts';

/** The parser of drachtio-srf, by others: what it reads of a message must be what we read. */
interface Oracle {
  parseSipMessage(text: string, lazy: boolean): OracleMessage | undefined;
  parseUri(
    text: string,
  ): { user?: string; password?: string; host: string; port: number; scheme: string } | undefined;
}
interface OracleMessage {
  method?: string;
  uri?: string;
  status?: number;
  reason?: string;
  body?: string;
  headers: Record<string, never>;
}
interface OracleAddress {
  name?: string;
  uri: string;
  params: Record<string, string | undefined>;
}
interface OracleVia {
  protocol: string;
  host: string;
  port?: number;
  params: Record<string, string | undefined>;
}

const oracle: Oracle = createRequire(import.meta.url)('drachtio-srf/lib/sip-parser/parser.js');

const token = fc.stringMatching(/^[A-Za-z0-9\-.!%*_+`'~]{1,12}$/).filter((text) => text !== '__proto__');
const blanks = fc.constantFrom('', ' ', '  ', '\t');
const host = fc.oneof(fc.stringMatching(/^[a-z0-9]{1,8}(\.[a-z0-9]{1,8}){1,2}$/), fc.ipV4());
const user = fc.stringMatching(/^([A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-F]{2}){1,16}$/);
const port = fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined });
const uri = fc
  .tuple(fc.constantFrom('sip', 'sips'), fc.option(user, { nil: undefined }), host, port)
  .map(
    ([scheme, name, where, at]) =>
      `${scheme}:${name === undefined ? '' : `${name}@`}${where}${at === undefined ? '' : `:${at}`}`,
  );
const params = fc
  .uniqueArray(fc.tuple(token, fc.option(token, { nil: undefined })), {
    selector: ([name]) => name.toLowerCase(),
    maxLength: 4,
  })
  .map((list) =>
    list.map(([name, value]) => (value === undefined ? `;${name}` : `;${name}=${value}`)).join(''),
  );
const quoted = fc.stringMatching(/^[A-Za-z0-9 ,;<>@:äб]{1,20}$/).map((text) => `"${text}"`);
const address = fc
  .tuple(fc.oneof(fc.constant(''), quoted, token), blanks, uri, params)
  .map(([name, blank, where, tail]) => `${name}${blank}<${where}>${tail}`);
const via = fc
  .tuple(fc.constantFrom('UDP', 'TCP', 'TLS'), host, port, token, params)
  .map(
    ([protocol, where, at, branch, tail]) =>
      `SIP/2.0/${protocol} ${where}${at === undefined ? '' : `:${at}`};branch=z9hG4bK${branch}${tail}`,
  )
  .filter((text) => (text.match(/;branch[=;]/gi) ?? []).length === 1);
const method = fc.constantFrom('INVITE', 'BYE', 'OPTIONS', 'REGISTER', 'MESSAGE');

const message = fc
  .record({
    method,
    uri,
    status: fc.option(fc.integer({ min: 100, max: 699 }), { nil: undefined }),
    vias: fc.array(via, { minLength: 1, maxLength: 3 }),
    from: address,
    to: address,
    contact: address,
    callId: fc.stringMatching(/^[A-Za-z0-9\-.!%*_+~]{1,20}@[a-z0-9.]{1,10}$/),
    sequence: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    compact: fc.boolean(),
    body: fc.stringMatching(/^[ -~]{0,80}$/),
  })
  .map((parts) => {
    const names = parts.compact
      ? ['v', 'f', 't', 'i', 'm', 'l']
      : ['Via', 'From', 'To', 'Call-ID', 'Contact', 'Content-Length'];
    const start =
      parts.status === undefined
        ? `${parts.method} ${parts.uri} SIP/2.0`
        : `SIP/2.0 ${parts.status} Some Reason`;
    const head = [
      start,
      ...parts.vias.map((value) => `${names[0]}: ${value}`),
      `${names[1]}: ${parts.from}`,
      `${names[2]}: ${parts.to}`,
      `${names[3]}: ${parts.callId}`,
      `CSeq: ${parts.sequence} ${parts.method}`,
      `${names[4]}: ${parts.contact}`,
      `${names[5]}: ${Buffer.byteLength(parts.body)}`,
    ];
    return `${head.join('\r\n')}\r\n\r\n${parts.body}`;
  });

const plain = (list: ReadonlyMap<string, string | null>) =>
  Object.fromEntries([...list].map(([name, value]) => [name, value ?? undefined]));

function sameAddress(ours: NameAddr, theirs: OracleAddress): void {
  assert.equal(ours.displayName ?? '', (theirs.name ?? '').replace(/^"|"$/g, ''));
  assert.deepEqual(ours.uri, parseUri(theirs.uri));
  assert.deepEqual(plain(ours.params), { ...theirs.params });
}

function sameVia(ours: Via, theirs: OracleVia): void {
  assert.deepEqual(
    [ours.transport, ours.host, ours.port, plain(ours.params)],
    [theirs.protocol, theirs.host, theirs.port, { ...theirs.params }],
  );
}

describe('drachtio-srf’s parser as the oracle', () => {
  it('both read the same from any valid message, and from our serialization of it', () => {
    fc.assert(
      fc.property(message, (text) => {
        const result = parseMessage(Buffer.from(text));
        if ('error' in result) {
          throw result.error;
        }
        const ours = result.message;
        // Ours is read by theirs, never by our own parser.
        for (const wire of [text, serializeMessage(ours).toString()]) {
          const theirs = oracle.parseSipMessage(wire, false);
          assert.ok(theirs, wire);
          const headers = theirs.headers as Record<string, unknown>;
          if (ours.kind === 'request') {
            assert.deepEqual([ours.method, ours.uri], [theirs.method, parseUri(theirs.uri ?? '')]);
          } else {
            assert.deepEqual([ours.status, ours.reason], [theirs.status, theirs.reason]);
          }
          assert.deepEqual(
            { ...(headers.cseq as object) },
            { seq: ours.cseq.number, method: ours.cseq.method },
          );
          assert.equal(headers['call-id'], ours.callId);
          assert.equal(headers['content-length'], ours.body.length);
          sameAddress(ours.from, headers.from as OracleAddress);
          sameAddress(ours.to, headers.to as OracleAddress);
          const vias = headers.via as OracleVia[];
          assert.equal(vias.length, ours.vias.length);
          for (const [index, their] of vias.entries()) {
            sameVia(ours.vias[index] as Via, their);
          }
          assert.ok(wire.endsWith(ours.body.toString()));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('both split a URI into the same parts', () => {
    fc.assert(
      fc.property(uri, (text) => {
        const ours = parseUri(text);
        const theirs = oracle.parseUri(text);
        assert.ok(theirs && ours.scheme !== 'tel' && ours.scheme !== 'other');
        assert.deepEqual(
          [ours.scheme, ours.user, ours.host, ours.port],
          [theirs.scheme, theirs.user, theirs.host, theirs.port || undefined],
        );
      }),
      { numRuns: 2000 },
    );
  });
});
