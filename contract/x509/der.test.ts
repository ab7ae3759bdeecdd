import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  DerError,
  DerReader,
  decodeBoolean,
  decodeNamedBits,
  decodeOid,
  decodeString,
  decodeTime,
  decodeUnsigned,
  TAG,
} from './der.ts';

const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));
const single = (text: string) => DerReader.single(hex(text), TAG.octetString).content;
const time = (tag: number, text: string) => {
  const content = new Uint8Array(Buffer.from(text));
  return decodeTime({ tag, content, bytes: content });
};

describe('DerReader', () => {
  test('reads short and long lengths and keeps the exact bytes', () => {
    assert.equal(single('0400').length, 0);
    assert.equal(single(`0481${'80'}${'00'.repeat(128)}`).length, 128);
    assert.equal(single(`04820100${'00'.repeat(256)}`).length, 256);
    const reader = new DerReader(hex('30030201050500'));
    assert.deepEqual(reader.read(TAG.sequence).bytes, hex('3003020105'));
    assert.equal(reader.optional(TAG.integer), undefined);
    assert.equal(reader.nextTag, 0x05);
    reader.read();
    reader.end();
  });

  const refused = {
    'the wrong tag': '0500',
    'a tag of several octets': '1f810100',
    'an indefinite length': '048000000000',
    'a length in more octets than needed': '04810100',
    'a length with a leading zero': `048200${'80'}${'00'.repeat(128)}`,
    'a length of five octets': '04850000000001ff',
    'an end beyond the data': '0402ff',
    'bytes left over': '040000',
    'no length': '04',
    nothing: '',
  };
  for (const [what, bytes] of Object.entries(refused)) {
    test(`refuses ${what}`, () => {
      assert.throws(() => single(bytes), DerError);
    });
  }

  test('returns the exact bytes or refuses, for any input', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const reader = new DerReader(bytes);
        const parts: Uint8Array[] = [];
        try {
          while (!reader.done) {
            parts.push(reader.read().bytes);
          }
        } catch (error) {
          assert.ok(error instanceof DerError);
          return;
        }
        assert.deepEqual(new Uint8Array(Buffer.concat(parts)), bytes);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('values', () => {
  test('object identifiers are minimal and bounded', () => {
    assert.equal(decodeOid(hex('551d0f')), '2.5.29.15');
    assert.equal(decodeOid(hex('2b060104018237140203')), '1.3.6.1.4.1.311.20.2.3');
    assert.equal(decodeOid(hex('0992268993f22c640101')), '0.9.2342.19200300.100.1.1');
    assert.equal(decodeOid(hex('883701')), '2.999.1');
    for (const bad of ['', '80', '2a80', '2a8001', `2a${'ff'.repeat(10)}7f`]) {
      assert.throws(() => decodeOid(hex(bad)), DerError, bad);
    }
  });

  test('integers are minimal and not negative', () => {
    assert.equal(decodeUnsigned(hex('00')), '00');
    assert.equal(decodeUnsigned(hex('7f')), '7f');
    assert.equal(decodeUnsigned(hex('0080')), '80');
    for (const bad of ['', '80', 'ff01', '0001']) {
      assert.throws(() => decodeUnsigned(hex(bad)), DerError, bad);
    }
  });

  test('booleans are 00 or ff', () => {
    assert.equal(decodeBoolean(hex('ff')), true);
    assert.equal(decodeBoolean(hex('00')), false);
    for (const bad of ['', '01', 'ffff']) {
      assert.throws(() => decodeBoolean(hex(bad)), DerError);
    }
  });

  test('named bits are counted from the first', () => {
    assert.deepEqual([...decodeNamedBits(hex('0780'))], [0]);
    assert.deepEqual([...decodeNamedBits(hex('0106'))], [5, 6]);
    assert.deepEqual([...decodeNamedBits(hex('070080'))], [8]);
    assert.deepEqual([...decodeNamedBits(hex('00'))], []);
    for (const bad of ['', '0880', '01', `00${'ff'.repeat(5)}`]) {
      assert.throws(() => decodeNamedBits(hex(bad)), DerError, bad);
    }
  });

  test('times are whole seconds in UTC, and exist', () => {
    assert.equal(time(TAG.utcTime, '491231235959Z'), Date.UTC(2049, 11, 31, 23, 59, 59));
    assert.equal(time(TAG.utcTime, '500101000000Z'), Date.UTC(1950, 0, 1));
    assert.equal(time(TAG.generalizedTime, '20500229000000Z'.replace('0229', '0228')), Date.UTC(2050, 1, 28));
    assert.equal(time(TAG.generalizedTime, '99991231235959Z'), Date.UTC(9999, 11, 31, 23, 59, 59));
    for (const bad of [
      '260230000000Z',
      '261301000000Z',
      '260101240000Z',
      '260101000060Z',
      '2601010000Z',
      '260101000000+0100',
      '260101000000',
      '26010100000 Z',
      '',
    ]) {
      assert.throws(() => time(TAG.utcTime, bad), DerError, bad);
    }
    assert.throws(() => time(TAG.generalizedTime, '20260101000000.5Z'), DerError);
    assert.throws(() => time(TAG.octetString, '260101000000Z'), DerError);
  });

  test('strings are validly encoded', () => {
    const text = (tag: number, content: string) =>
      decodeString({ tag, content: hex(content), bytes: hex(content) });
    assert.equal(text(TAG.utf8String, 'c384'), 'Ä');
    assert.equal(text(TAG.bmpString, '00c42603'), 'Ä☃');
    assert.equal(text(TAG.teletexString, 'c4'), 'Ä');
    assert.equal(text(TAG.universalString, '000000c4'), undefined);
    for (const [tag, bad] of [
      [TAG.utf8String, 'c3'],
      [TAG.utf8String, 'eda080'],
      [TAG.bmpString, '00'],
      [TAG.bmpString, 'd800'],
      [0x80, '41'],
    ] as const) {
      assert.throws(() => text(tag, bad), DerError, bad);
    }
  });
});
