import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { type FileHandle, open, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, afterEach, before, describe, it } from 'node:test';
import { loadConfig } from '../../../../../base/index.ts';
import { freePort } from '../../../../../test/support/programs.ts';
import { missingS3Server, S3Server } from '../../../../../test/support/s3-server.ts';
import { Bucket, Pace, S3Error, s3Location, type UploadState, uploadFile } from './index.ts';

const skip = await missingS3Server();
const MEBIBYTE = 1024 ** 2;

describe('a bucket of a real S3 server', { skip }, () => {
  let server: S3Server;
  let dir: string;
  const buckets: Bucket[] = [];

  before(async () => {
    server = await S3Server.start();
    dir = mkdtempSync(join(tmpdir(), 'canopy-bucket-'));
  });
  afterEach(() => {
    for (const bucket of buckets.splice(0)) {
      bucket.close();
    }
  });
  after(async () => {
    await server?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  function bucketOf(flags: Record<string, unknown> = {}, of = server, prefix = ''): Bucket {
    const location = s3Location(loadConfig({ env: {}, flags: { ...of.settings(prefix), ...flags } }));
    assert.ok(location);
    const bucket = new Bucket(location);
    buckets.push(bucket);
    return bucket;
  }
  const bodyOf = (bytes: Buffer) => ({
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    read: () => Readable.from([bytes]),
  });

  it('keeps objects under a prefix of any characters, and serves exactly the ranges that are asked for', async () => {
    const bucket = bucketOf({}, server, `/a%20b/%C3%BC+%25%26=%3F/(x)'!*~$,;:@/%E2%80%AE.`);
    const bytes = randomBytes(5000);
    await bucket.put('id/001-camera.webm', bodyOf(bytes));
    assert.deepEqual(server.keys(), ["a b/ü+%&=?/(x)'!*~$,;:@/\u202e./id/001-camera.webm"]);
    assert.ok((await buffer(await bucket.get('id/001-camera.webm', 5000))).equals(bytes));
    for (const [from, to] of [
      [0, 1],
      [1000, 2000],
      [4999, 5000],
      [1, 5000],
    ] as const) {
      const part = await buffer(await bucket.get('id/001-camera.webm', 5000, { from, to }));
      assert.ok(part.equals(bytes.subarray(from, to)), `${from} to ${to}`);
    }
    assert.equal((await buffer(await bucket.get('id/001-camera.webm', 5000, { from: 7, to: 7 }))).length, 0);
    await assert.rejects(bucket.get('id/001-camera.webm', 6000), { code: 'UnexpectedLength' });
    await assert.rejects(bucket.get('id/002-camera.webm', 10), { code: 'NoSuchKey' });
    await bucket.delete('id/001-camera.webm');
    await bucket.delete('id/001-camera.webm');
    assert.equal(await bucket.head('id/001-camera.webm'), undefined);
    assert.deepEqual(server.keys(), []);
  });

  it('does not take bytes that are not those of their checksum', async () => {
    const bucket = bucketOf();
    const body = { ...bodyOf(randomBytes(100)), read: () => Readable.from([randomBytes(100)]) };
    await assert.rejects(bucket.put('wrong', body), S3Error);
    assert.deepEqual(server.keys(), []);
  });

  it('that cannot be used is described with the setting to correct', async (t) => {
    const closed = await freePort();
    const silent = createServer((socket) => socket.end('no HTTP\r\n\r\n'));
    t.after(() => silent.close());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const at = (url: string) => ({ 'recording.s3Url': url });
    for (const [flags, problem] of [
      [{ 'recording.s3Secret': 'wrong' }, /^recording\.s3Secret: .*SignatureDoesNotMatch/],
      [{ 'recording.s3AccessKey': 'nobody' }, /^recording\.s3AccessKey: the storage does not know/],
      [at(`http://127.0.0.1:${server.port}/no-such-bucket`), /^recording\.s3Url: there is no such bucket/],
      [{ 'recording.s3Region': 'eu-west-9' }, /^recording\.s3Region: /],
      [at(`http://127.0.0.1:${closed}/meetings`), /^recording\.s3Url: .*ECONNREFUSED/],
      [at('http://storage.invalid/meetings'), /^recording\.s3Url: .*(ENOTFOUND|EAI_AGAIN)/],
      [at(`http://127.0.0.1:${port}/meetings`), /^recording\.s3Url: the storage cannot be reached \(HPE_/],
      [at(`https://127.0.0.1:${server.port}/meetings`), /^recording\.s3\w+: /],
    ] as const) {
      const error = await bucketOf(flags)
        .check()
        .catch((thrown: unknown) => thrown);
      assert.ok(error instanceof S3Error, String(error));
      assert.match(error.problem, problem);
      assert.ok(error.isOfBucket, `${error.code}: another request would fail alike`);
    }
    await bucketOf().check();
    assert.deepEqual(server.keys(), []);
  });

  it('is reached over HTTPS only with the right authority', async () => {
    const secure = await S3Server.start({ isSecure: true });
    try {
      await bucketOf({}, secure).check();
      const error = await bucketOf({ 'recording.s3CaFile': undefined }, secure)
        .check()
        .catch((thrown: unknown) => thrown);
      assert.match((error as S3Error).problem, /^recording\.s3CaFile: /);
    } finally {
      await secure.close();
    }
  });

  it('answers again after it has closed the connections that were kept', async () => {
    const bucket = bucketOf();
    await bucket.put('kept', bodyOf(randomBytes(10)));
    await server.stop();
    await assert.rejects(bucket.head('kept'), { code: 'ECONNREFUSED' });
    await server.run();
    assert.equal((await bucket.head('kept'))?.size, 10);
    await bucket.delete('kept');
  });

  describe('takes a file of 100 MB in parts', () => {
    const SIZE = 100_000_000;
    let file: FileHandle;
    let bytes: Buffer;

    before(async () => {
      bytes = randomBytes(SIZE);
      await writeFile(join(dir, 'large'), bytes);
      file = await open(join(dir, 'large'));
    });
    after(() => file?.close());

    const upload = (options: {
      begun?: UploadState | undefined;
      signal?: AbortSignal;
      save?: (state: UploadState | undefined) => void;
      bucket?: Bucket;
    }) =>
      uploadFile({
        ...{ bucket: options.bucket ?? bucketOf(), path: 'large', type: 'video/webm', file, size: SIZE },
        ...{
          begun: options.begun,
          pace: new Pace(0),
          signal: options.signal ?? new AbortController().signal,
        },
        save: async (state) => options.save?.(state),
      });

    it('and goes on after an interruption with the parts that are missing', async () => {
      const aborting = new AbortController();
      let saved: UploadState | undefined;
      const save = (state: UploadState | undefined) => {
        saved = structuredClone(state);
        if (state?.parts.length === 3) {
          aborting.abort();
        }
      };
      await assert.rejects(upload({ save, signal: aborting.signal }), { name: 'AbortError' });
      assert.deepEqual(server.keys(), []);
      assert.equal(saved?.parts.length, 3);
      const counts: Array<number | undefined> = [];
      const parts = await upload({ begun: saved, save: (state) => counts.push(state?.parts.length) });
      assert.deepEqual(counts, [4, 5, 6]);
      assert.equal(parts.length, Math.ceil(SIZE / (16 * MEBIBYTE)));
      assert.ok(server.read('large').equals(bytes));
      assert.deepEqual(server.parts(), []);
      await bucketOf().delete('large');
    });

    it('and nothing is left of an upload whose id was lost', async () => {
      const aborting = new AbortController();
      const save = (state: UploadState | undefined) => state?.parts.length === 2 && aborting.abort();
      await assert.rejects(upload({ save, signal: aborting.signal }), { name: 'AbortError' });
      assert.ok(server.parts().length >= 2);
      await upload({});
      assert.deepEqual(server.parts(), []);
      assert.ok(server.read('large').equals(bytes));
      await bucketOf().delete('large');
    });

    it('and recognises an upload that was completed without learning so', async () => {
      const bucket = bucketOf();
      let saved: UploadState | undefined;
      await upload({ bucket, save: (state) => (saved = structuredClone(state)) });
      assert.equal(saved?.parts.length, 6);
      const again: unknown[] = [];
      await upload({ bucket, begun: saved, save: (state) => again.push(state) });
      assert.deepEqual(again, []);
      assert.ok(server.read('large').equals(bytes));
      await bucket.delete('large');
    });

    it('and begins again if the storage has given the upload up', async () => {
      const bucket = bucketOf();
      const begun = { uploadId: await bucket.createUpload('large', 'video/webm'), parts: [] };
      await bucket.abortUpload('large', begun.uploadId);
      await bucket.abortUpload('large', begun.uploadId);
      const counts: Array<number | undefined> = [];
      await upload({ bucket, begun, save: (state) => counts.push(state?.parts.length) });
      assert.deepEqual(counts, [undefined, 0, 1, 2, 3, 4, 5, 6]);
      assert.ok(server.read('large').equals(bytes));
      await bucket.delete('large');
    });

    it('slowly enough for the calls beside', async () => {
      const beganMs = performance.now();
      await uploadFile({
        ...{ bucket: bucketOf(), path: 'paced', type: 'video/webm', file, size: 5_000_000, begun: undefined },
        ...{ pace: new Pace(40_000_000), signal: new AbortController().signal, save: async () => {} },
      });
      // 5 MB at 40 Mbit/s take a second.
      const tookMs = performance.now() - beganMs;
      assert.ok(tookMs > 950, `${tookMs} ms`);
      await bucketOf().delete('paced');
    });
  });
});
