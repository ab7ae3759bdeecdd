import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { CanopyError } from '../../base/index.ts';
import { loadModel } from './load-model.ts';
import { modelArchive } from './model-archive.ts';
import { unpackModel } from './model-files.ts';

const NAMES = ['encoder-99.int8.onnx', 'encoder-99.onnx', 'decoder-99.onnx', 'joiner-99.onnx', 'tokens.txt'];
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('threat 50: the model of the recogniser', () => {
  let folder: string;
  let models: string;
  let server: Server;
  let url: string;
  let archive: Buffer;
  /** What the server answers with; undefined: it redirects to itself without TLS. */
  let body: Buffer | undefined;
  let announcedBytes: number | undefined;
  let requests: number;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'canopy-model-'));
    archive = pack('whole', NAMES);
    server = createServer((_request, response) => {
      requests += 1;
      if (body === undefined) {
        response.writeHead(302, { location: `${url}/elsewhere` }).end();
        return;
      }
      response.writeHead(200, announcedBytes === undefined ? {} : { 'content-length': announcedBytes });
      response.write(body, () => (announcedBytes === undefined ? response.end() : response.destroy()));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    models = mkdtempSync(join(folder, 'models-'));
    body = archive;
    announcedBytes = undefined;
    requests = 0;
  });

  /** A compressed archive of these files, whose content is their name. @param flags of tar */
  function pack(name: string, files: string[], flags: string[] = []): Buffer {
    const source = join(folder, name);
    mkdirSync(join(source, 'model'), { recursive: true });
    for (const file of files) {
      writeFileSync(join(source, 'model', file), file);
    }
    const target = join(folder, `${name}.tar.gz`);
    execFileSync('tar', ['-czPf', target, '-C', source, ...flags, 'model']);
    return readFileSync(target);
  }
  const refused = (detail: RegExp) => (error: unknown) =>
    error instanceof CanopyError && error.code === 'MODEL_UNUSABLE' && detail.test(error.detail ?? '');
  const fetched = (wanted = sha256(archive)) => modelArchive({ url, sha256: wanted }, models);

  it('is downloaded once, and compared each time', async () => {
    const file = await fetched();
    assert.equal(await fetched(), file);
    assert.equal(requests, 1);
    assert.deepEqual(readFileSync(file), archive);
    writeFileSync(file, 'swapped');
    await assert.rejects(fetched(), refused(/SHA-256/));
    assert.deepEqual(readdirSync(models), []);
    await fetched();
    assert.equal(requests, 2);
  });

  it('is refused, and not kept, if it is another file', async () => {
    body = Buffer.from('another file');
    await assert.rejects(fetched(), refused(new RegExp(sha256(body))));
    assert.deepEqual(readdirSync(models), []);
  });

  for (const [how, announced] of [
    ['that the server announces as whole', true],
    ['that ends as if it were whole', false],
  ] as const) {
    it(`is refused, and not kept, if it is a part ${how}`, async () => {
      body = archive.subarray(0, 100);
      announcedBytes = announced ? archive.length : undefined;
      await assert.rejects(fetched(), refused(announced ? /could not be downloaded/ : /SHA-256/));
      assert.deepEqual(readdirSync(models), []);
    });
  }

  it('is fetched by HTTPS only, also after a redirect', async () => {
    body = undefined;
    await assert.rejects(fetched(), refused(/redirects to an address without https/));
    assert.equal(requests, 1);
    const plain = { url: 'http://models.example/model.tar.bz2', sha256: sha256(archive) };
    await assert.rejects(modelArchive(plain, models), refused(/does not start with https/));
    assert.deepEqual(readdirSync(models), []);
  });

  it('is unpacked under our own names, with smaller weights first', async () => {
    const files = await unpackModel(await fetched(), models);
    const contents = Object.values(files).map((file) => readFileSync(file, 'utf8'));
    assert.deepEqual(contents, ['encoder-99.int8.onnx', 'decoder-99.onnx', 'joiner-99.onnx', 'tokens.txt']);
  });

  it('is refused if its archive names paths outside, or a link in the place of a file', async () => {
    const outside = join(folder, 'outside');
    for (const [name, prefix] of [
      ['slip', '../../outside'],
      ['absolute', outside],
    ] as const) {
      body = pack(name, NAMES, [`--transform=s,^model,${prefix},`]);
      await assert.rejects(
        loadModel({ url, sha256: sha256(body) }, models, 1),
        refused(/outside its folder/),
      );
    }
    const source = join(folder, 'link', 'model');
    mkdirSync(source, { recursive: true });
    execFileSync('ln', ['-s', '/etc/passwd', join(source, 'tokens.txt')]);
    body = pack('link', NAMES.slice(0, 4));
    await assert.rejects(loadModel({ url, sha256: sha256(body) }, models, 1), refused(/tokens\.txt/));
    assert.ok(!existsSync(outside));
    assert.ok(!readdirSync(models).some((name) => name.startsWith('unpacked')));
  });

  it('is refused if it is no archive, or has no such model', async () => {
    body = Buffer.from('no archive');
    await assert.rejects(loadModel({ url, sha256: sha256(body) }, models, 1), refused(/tar cannot read/));
    body = pack('other', ['model.onnx', 'tokens.txt']);
    await assert.rejects(loadModel({ url, sha256: sha256(body) }, models, 1), refused(/no encoder/));
  });
});
