import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { plainJpeg, shownType } from './index.ts';

const segment = (marker: number, content: Buffer) => {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(marker, 0);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([head, content]);
};
const frame = (width: number, height: number) => {
  const content = Buffer.from([8, 0, 0, 0, 0, 1, 1, 0x11, 0]);
  content.writeUInt16BE(height, 1);
  content.writeUInt16BE(width, 3);
  return segment(0xffc0, content);
};
const picture = (...segments: Buffer[]) =>
  Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    ...segments,
    segment(0xffda, Buffer.alloc(6)),
    Buffer.from('scan'),
  ]);

describe('the bytes of files', () => {
  it('a thumbnail loses its metadata and keeps its picture', () => {
    const [jfif, exif, comment] = [
      segment(0xffe0, Buffer.from('JFIF\0')),
      segment(0xffe1, Buffer.from('Exif\0\0 52.5N 13.4E')),
      segment(0xfffe, Buffer.from('secret')),
    ];
    assert.deepEqual(plainJpeg(picture(jfif, exif, comment, frame(320, 200))), {
      bytes: new Uint8Array(picture(jfif, frame(320, 200))),
      width: 320,
      height: 200,
    });
  });

  it('what is no JPEG, or says two sizes, is no thumbnail', () => {
    const good = picture(frame(10, 10));
    for (const bad of [
      Buffer.alloc(0),
      Buffer.from('<svg onload="alert(1)">'),
      good.subarray(0, 12),
      picture(),
      picture(frame(10, 10), frame(60_000, 60_000)),
      picture(segment(0xffe1, Buffer.alloc(0)).subarray(0, 3), frame(10, 10)),
    ]) {
      assert.equal(plainJpeg(bad), undefined);
    }
  });

  it('threat 40: only pictures, sound and video are shown by browsers, by their content', () => {
    const type = (text: string) => shownType(Buffer.from(text, 'latin1'));
    assert.equal(type('\x89PNG\r\n\x1a\n'), 'image/png');
    assert.equal(type('\xff\xd8\xff\xe0'), 'image/jpeg');
    assert.equal(type('RIFF\0\0\0\0WEBPVP8 '), 'image/webp');
    assert.equal(type('\0\0\0\x20ftypisom'), 'video/mp4');
    for (const text of [
      '<svg xmlns=',
      '<html>',
      '<?xml',
      '%PDF-1.7',
      'MZ',
      'PK\x03\x04',
      '',
      'RIFF\0\0\0\0XXXX',
    ]) {
      assert.equal(type(text), undefined, text);
    }
  });
});
