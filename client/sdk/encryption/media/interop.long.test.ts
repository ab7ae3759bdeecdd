/** Our SFrame and that of the crate `sframe` decrypt each other's frames. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { encodeHeader, parseHeader } from '../../../../contract/sframe/index.ts';
import { installed } from '../../../../test/support/programs.ts';
import { CIPHER_SUITES, deriveKey } from './cipher-suite.ts';

const MANIFEST = fileURLToPath(new URL('interop/Cargo.toml', import.meta.url));
const FRAMES_PER_SUITE = 200;

interface Case {
  name: keyof typeof CIPHER_SUITES;
  baseKey: Buffer;
  keyId: bigint;
  counter: bigint;
  metadata: Buffer;
  frame: Buffer;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const names = Object.keys(CIPHER_SUITES) as Array<keyof typeof CIPHER_SUITES>;

/** Frames of 1 to 4,000 bytes, with key ids and counters of every length. */
const cases: Case[] = names.flatMap((name) =>
  Array.from({ length: FRAMES_PER_SUITE }, (_, at) => ({
    name,
    baseKey: randomBytes(CIPHER_SUITES[name].keyBytes),
    keyId: randomBytes(8).readBigUInt64BE() >> BigInt(at % 64),
    counter: randomBytes(8).readBigUInt64BE() >> BigInt((at * 7) % 64),
    metadata: randomBytes(at % 20),
    frame: randomBytes(1 + ((at * 20) % 4000)),
  })),
);

async function ours({ name, baseKey, keyId, counter, metadata, frame }: Case): Promise<string> {
  const key = await deriveKey(CIPHER_SUITES[name], baseKey, keyId);
  const header = encodeHeader(keyId, counter);
  return hex(header) + hex(await key.seal(header, counter, metadata, new Uint8Array(frame)));
}

describe('SFrame frames', { skip: (await installed('cargo')) ? false : 'cargo is not installed' }, () => {
  let folder: string;
  let program: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'canopy-sframe-'));
    const env = { ...process.env, CARGO_TARGET_DIR: folder };
    await promisify(execFile)('cargo', ['build', '--release', '--locked', '--manifest-path', MANIFEST], {
      env,
    });
    program = join(folder, 'release', 'sframe-interop');
  });

  after(() => rm(folder, { recursive: true, force: true }));

  /** The other implementation's answers, one for each line. */
  async function theirs(lines: readonly string[]): Promise<string[]> {
    const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
    const output = text(child.stdout);
    child.stdin.end(`${lines.join('\n')}\n`);
    const [code] = await once(child, 'exit');
    assert.equal(code, 0);
    return (await output).trim().split('\n');
  }

  it('of ours are decrypted by the crate sframe, unless a bit was changed', async () => {
    const sealed = await Promise.all(cases.map(ours));
    const open = ({ name, baseKey, keyId, metadata }: Case, bytes: string) =>
      `open ${name} ${hex(baseKey)} ${keyId} ${hex(metadata)} ${bytes}`;
    assert.deepEqual(
      await theirs(cases.map((each, at) => open(each, sealed[at] as string))),
      cases.map(({ frame }) => hex(frame)),
    );
    const changed = sealed.map((bytes) => {
      const data = Buffer.from(bytes, 'hex');
      data[data.length - 1] = (data[data.length - 1] as number) ^ 1;
      return hex(data);
    });
    const refused = await theirs(cases.map((each, at) => open(each, changed[at] as string)));
    assert.deepEqual([...new Set(refused)], ['refused']);
  });

  it('of the crate sframe are those that we make and decrypt', async () => {
    const sealed = await theirs(
      cases.map(
        ({ name, baseKey, keyId, counter, metadata, frame }) =>
          `seal ${name} ${hex(baseKey)} ${keyId} ${counter} ${hex(metadata)} ${hex(frame)}`,
      ),
    );
    assert.deepEqual(sealed, await Promise.all(cases.map(ours)));
    for (const [at, { name, baseKey, keyId, metadata, frame }] of cases.entries()) {
      const bytes = new Uint8Array(Buffer.from(sealed[at] as string, 'hex'));
      const header = parseHeader(bytes) ?? assert.fail();
      const key = await deriveKey(CIPHER_SUITES[name], baseKey, keyId);
      const opened = await key.open(
        bytes.subarray(0, header.length),
        header.counter,
        metadata,
        bytes.slice(header.length),
      );
      assert.deepEqual(opened && Buffer.from(opened), frame);
    }
  });
});
