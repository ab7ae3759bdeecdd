import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { largestFile, paddedFileBytes, sealedFileBytes } from '../../../../contract/content/index.ts';
import { randomBytes } from '../../bytes.ts';
import { FileSealer } from './file-sealer.ts';
import type { SealedFile } from './message-content.ts';
import { openFile, openThumbnail } from './open-file.ts';

const UNREADABLE = { code: 'FILE_UNREADABLE' };

describe('encrypted files', () => {
  let server: Server;
  let url: string;
  /** What the server has. */
  let stored = new Uint8Array();
  before(async () => {
    server = createServer((_request, response) => response.end(stored));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  after(() => server.close());

  const contentOf = (size: number) => {
    const content = new Uint8Array(size);
    for (let at = 0; at < size; at += 65_536) {
      content.set(randomBytes(Math.min(65_536, size - at)), at);
    }
    return content;
  };

  async function sealed(content: Uint8Array<ArrayBuffer>, slice = 1_000_000) {
    const sealer = await FileSealer.create(new Blob([content]));
    const parts: Blob[] = [];
    for (let at = 0; at < sealer.size; at += slice) {
      parts.push(await sealer.read(at, at + slice));
    }
    const file: SealedFile = { fileId: 'file', name: 'name', type: '', ...(await sealer.secrets()) };
    return { file, bytes: new Uint8Array(await new Blob(parts).arrayBuffer()), sealer };
  }

  it('are the same after encryption in slices and decryption', async () => {
    for (const size of [1, 65_536, 65_537, 200_000, 1_048_576]) {
      const content = contentOf(size);
      const { file, bytes } = await sealed(content, 70_001);
      assert.equal(bytes.length, sealedFileBytes(size));
      stored = bytes;
      const opened = await openFile(url, file);
      assert.equal(opened.type, 'application/octet-stream');
      assert.deepEqual(new Uint8Array(await opened.arrayBuffer()), content);
    }
  });

  it('a part that is sent again is the same', async () => {
    const { sealer, bytes } = await sealed(contentOf(150_000));
    const again = new Uint8Array(await (await sealer.read(65_000, 140_000)).arrayBuffer());
    assert.deepEqual(again, bytes.slice(65_000, 140_000));
  });

  it('threat 24: whatever the server changes is noticed', async () => {
    const { file, bytes } = await sealed(contentOf(200_000));
    const piece = 65_536 + 16;
    const swapped = bytes.slice();
    swapped.set(bytes.subarray(piece, 2 * piece), 0);
    swapped.set(bytes.subarray(0, piece), piece);
    const flipped = bytes.slice();
    flipped[100] = (flipped[100] ?? 0) ^ 1;
    const cut = bytes.slice(0, 2 * piece);
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    for (const wrong of [swapped, flipped, cut, longer, bytes.slice(0, -1)]) {
      stored = wrong;
      await assert.rejects(openFile(url, file), UNREADABLE);
    }
  });

  it('threat 24: members, who have the key too, cannot replace the file', async () => {
    const { file } = await sealed(contentOf(100_000));
    const other = await sealed(contentOf(100_000));
    // The same key, and another content: what the message says of the content counts.
    stored = other.bytes;
    await assert.rejects(openFile(url, { ...file, key: other.file.key }), {
      ...UNREADABLE,
      detail: 'another file',
    });
  });

  it('thumbnails are all of one size, and opened only if they are small JPEGs', async () => {
    const jpeg = (width: number) => {
      const frame = [0xff, 0xc0, 0, 11, 8, 0, 10, width >> 8, width & 255, 1, 1, 0x11, 0];
      return new Uint8Array([0xff, 0xd8, ...frame, 0xff, 0xda, 0, 2, 1, 2, 3]);
    };
    const sizes = new Set<number>();
    for (const [width, isFine] of [
      [300, true],
      [60_000, false],
    ] as const) {
      const sealer = await FileSealer.create(new Blob(['picture']), jpeg(width));
      const file: SealedFile = { fileId: 'file', name: 'name', type: '', ...(await sealer.secrets()) };
      const thumbnail = sealer.thumbnail ?? '';
      sizes.add(thumbnail.length);
      if (isFine) {
        assert.deepEqual(
          new Uint8Array(Buffer.from(await openThumbnail(thumbnail, file), 'base64')),
          jpeg(width),
        );
      } else {
        await assert.rejects(openThumbnail(thumbnail, file), UNREADABLE);
      }
    }
    assert.equal(sizes.size, 1);
  });

  it('say no more about their size than a magnitude', () => {
    for (const size of [1, 4096, 4097, 100_000, 5_000_000, 104_857_600]) {
      assert.ok(paddedFileBytes(size) >= size);
      assert.ok(size < 4096 || paddedFileBytes(size) <= size * 1.12, `${size}`);
      assert.ok(sealedFileBytes(largestFile(size)) <= size || size < 4112);
    }
    const sizes = new Set(Array.from({ length: 1000 }, (_, i) => paddedFileBytes(1_000_000 + 1000 * i)));
    assert.ok(sizes.size <= 40, `${sizes.size}`);
  });
});
