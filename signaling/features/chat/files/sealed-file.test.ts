import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { SEAL_BYTES } from '../../../kernel/index.ts';
import { PIECE_BYTES, readSealedFile, SealedFileWriter, sealedSize } from './sealed-file.ts';
import { ServerKey } from './server-key.ts';

const SEALED_PIECE_BYTES = PIECE_BYTES + SEAL_BYTES;

describe('an encrypted file', () => {
  let dir: string;
  let path: string;
  const key = randomBytes(32);
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'canopy-sealed-'));
    path = join(dir, 'file');
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const write = async (plain: Buffer, lengths: number[] = [], size = plain.length, fileId = 'one') => {
    const writer = await SealedFileWriter.open({ path, key, fileId, size });
    let at = writer.written;
    for (const length of [...lengths, plain.length]) {
      if (at < plain.length) {
        await writer.write(plain.subarray(at, at + length));
        at = Math.min(plain.length, at + length);
      }
    }
    await writer.close();
    return writer.written;
  };
  const read = async (size: number, range = { from: 0, to: size }, other: object = {}) => {
    const parts: Buffer[] = [];
    for await (const part of readSealedFile({ path, key, fileId: 'one', size, ...other }, range)) {
      parts.push(Buffer.from(part));
    }
    return Buffer.concat(parts);
  };

  it('is read as it was written, whole or in part, whatever came in which portions', async () => {
    const sizes = fc.oneof(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 3 * PIECE_BYTES }));
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.array(fc.integer({ min: 1, max: PIECE_BYTES * 2 }), { maxLength: 5 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (size, lengths, a, b) => {
          rmSync(path, { force: true });
          const plain = randomBytes(size);
          assert.equal(await write(plain, lengths), size);
          assert.equal(readFileSync(path).length, sealedSize(size));
          assert.ok((await read(size)).equals(plain));
          const [from = 0, to = 0] = [Math.floor(a * size), Math.ceil(b * size)].sort((x, y) => x - y);
          assert.ok((await read(size, { from, to })).equals(plain.subarray(from, to)));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('an interrupted one continues after its last whole piece', async () => {
    const plain = randomBytes(2 * PIECE_BYTES + 500);
    assert.equal(await write(plain.subarray(0, PIECE_BYTES + 100), [], plain.length), PIECE_BYTES);
    // A crash may leave half a piece.
    writeFileSync(path, Buffer.concat([readFileSync(path), randomBytes(77)]));
    assert.equal(await write(plain), plain.length);
    assert.ok((await read(plain.length)).equals(plain));
  });

  it('nothing of a changed, shortened, extended or reordered one is accepted', async () => {
    const plain = randomBytes(3 * PIECE_BYTES);
    const size = plain.length;
    await write(plain);
    const sealed = readFileSync(path);
    const refused = async (what: string, options: object = {}) =>
      assert.rejects(read(size, { from: 0, to: size }, options), Error, what);
    for (const at of [0, 20, SEALED_PIECE_BYTES - 1, SEALED_PIECE_BYTES * 2 + 5, sealed.length - 1]) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      writeFileSync(path, changed);
      await refused(`byte ${at}`);
    }
    const pieces = [0, 1, 2].map((n) =>
      sealed.subarray(n * SEALED_PIECE_BYTES, (n + 1) * SEALED_PIECE_BYTES),
    );
    for (const order of [
      [1, 0, 2],
      [0, 0, 2],
      [0, 2, 1],
    ]) {
      writeFileSync(path, Buffer.concat(order.flatMap((n) => pieces[n] ?? [])));
      await refused(`pieces ${order}`);
    }
    writeFileSync(path, sealed);
    await refused('another file’s', { fileId: 'two' });
    await refused('another key', { key: randomBytes(32) });
    truncateSync(path, 2 * SEALED_PIECE_BYTES);
    await refused('shortened');
    // Also if the row in the database says that it is shorter.
    await assert.rejects(read(2 * PIECE_BYTES, { from: 0, to: 1 }));
    writeFileSync(path, Buffer.concat([sealed, sealed.subarray(0, SEALED_PIECE_BYTES)]));
    await refused('extended');
  });

  it('threat 40: a planted link is not followed', async () => {
    const target = join(dir, 'target');
    writeFileSync(target, 'untouched');
    symlinkSync(target, path);
    await assert.rejects(write(randomBytes(10)));
    await assert.rejects(read(10));
    assert.equal(readFileSync(target, 'utf8'), 'untouched');
  });

  it('a key is unwrapped only by the secret that wrapped it, and for its file', () => {
    const [ours, theirs] = [new ServerKey('ours'), new ServerKey('theirs')];
    const wrapped = ours.wrap(key, 'one');
    assert.ok(ours.unwrap(wrapped, 'one').equals(key));
    assert.notEqual(ours.keyId, theirs.keyId);
    assert.throws(() => ours.unwrap(wrapped, 'two'));
    assert.throws(() => theirs.unwrap(wrapped, 'one'));
    assert.notEqual(ours.wrap(key, 'one'), wrapped);
  });
});
