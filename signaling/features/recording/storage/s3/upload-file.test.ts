import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { checksumOf } from './bucket.ts';
import { digestOf, partSizeOf } from './upload-file.ts';
import { xmlEscaped, xmlTexts } from './xml.ts';

const MEBIBYTE = 1024 ** 2;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('an upload in parts', () => {
  it('has parts of at least 16 MiB, and never more than a thousand', () => {
    assert.equal(partSizeOf(1), 16 * MEBIBYTE);
    assert.equal(partSizeOf(16_000 * MEBIBYTE), 16 * MEBIBYTE);
    for (const size of [16_001 * MEBIBYTE, 100 * 1024 * MEBIBYTE + 1, 5 * 1024 ** 2 * MEBIBYTE]) {
      assert.ok(size / partSizeOf(size) <= 1000, `${size}`);
      assert.equal(partSizeOf(size) % MEBIBYTE, 0);
    }
  });

  it('is compared part by part with what was uploaded when it is fetched, however its bytes arrive', async () => {
    const bytes = randomBytes(40 * MEBIBYTE);
    const parts = [0, 16, 32].map((from) => ({
      etag: '',
      sha256: sha256(bytes.subarray(from * MEBIBYTE, (from + 16) * MEBIBYTE)),
    }));
    const fetched = async (pieceBytes: number, content = bytes) => {
      const { digest, check } = digestOf(parts, bytes.length);
      const pieces = Array.from({ length: Math.ceil(content.length / pieceBytes) }, (_, n) =>
        content.subarray(n * pieceBytes, (n + 1) * pieceBytes),
      );
      assert.ok((await buffer(Readable.from(pieces).pipe(digest))).equals(content));
      return check;
    };
    for (const pieceBytes of [65_536, 1_000_003, 16 * MEBIBYTE, bytes.length]) {
      (await fetched(pieceBytes))();
    }
    const different = Buffer.from(bytes);
    different[33 * MEBIBYTE] = (different[33 * MEBIBYTE] ?? 0) ^ 1;
    for (const content of [different, bytes.subarray(1), Buffer.alloc(0)]) {
      assert.throws(await fetched(65_536, content), { code: 'DifferentBytes' });
    }
  });

  it('has the checksum that Amazon describes: that of the checksums of its parts, and their number', () => {
    const parts = ['a', 'b'].map((text) => ({ etag: '', sha256: sha256(Buffer.from(text)) }));
    const all = Buffer.concat(parts.map((part) => Buffer.from(part.sha256, 'hex')));
    assert.equal(checksumOf(parts, true), `${createHash('sha256').update(all).digest('base64')}-2`);
    assert.equal(checksumOf(parts.slice(0, 1), false), createHash('sha256').update('a').digest('base64'));
  });
});

describe('an answer of an S3 storage', () => {
  it('is read without a parser, with its entities, and without what a name in it might inject', () => {
    const xml =
      '<?xml version="1.0"?><R xmlns="x"><ETag a="1">&quot;a&#x26;b&#38;&amp;lt;&quot;</ETag><Key>k</Key><Key/></R>';
    assert.deepEqual(xmlTexts(xml, 'ETag'), ['"a&b&&lt;"']);
    assert.deepEqual(xmlTexts(xml, 'Key'), ['k']);
    assert.deepEqual(xmlTexts('<Key>&#x110000;&nope;</Key>', 'Key'), ['&#x110000;&nope;']);
    const hostile = '</Key><Key>"\'&';
    assert.deepEqual(xmlTexts(`<Key>${xmlEscaped(hostile)}</Key>`, 'Key'), [hostile]);
  });
});
