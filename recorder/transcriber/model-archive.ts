import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CanopyError } from '../../base/index.ts';

export interface ModelSource {
  /** https://, or http:// on this machine. */
  url: string;
  /** SHA-256 of the file at the URL, in hexadecimal. */
  sha256: string;
}

/** Largest archive, in bytes. */
const MAX_BYTES = 4 * 2 ** 30;
const MAX_REDIRECTS = 5;
/** How long a download may go without a byte, in milliseconds. */
const STALL_MS = 60_000;
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * Returns the path of the archive in the folder, which it downloads if it is not there. Its hash is compared each time; a file with another hash is
 * deleted (threat 50).
 *
 * @throws {CanopyError} MODEL_UNUSABLE - the file cannot be fetched, or is another one
 */
export async function modelArchive({ url, sha256 }: ModelSource, folder: string): Promise<string> {
  const wanted = sha256.toLowerCase();
  const file = join(folder, wanted);
  if ((await stat(file).catch(() => undefined)) === undefined) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await download(url, file);
  }
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  const found = hash.digest('hex');
  if (found !== wanted) {
    await rm(file, { force: true });
    throw new CanopyError('MODEL_UNUSABLE', `its SHA-256 is ${found}`);
  }
  return file;
}

async function download(url: string, file: string): Promise<void> {
  const part = `${file}.${process.pid}.part`;
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(), STALL_MS);
  let bytes = 0;
  const watch = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      timer.refresh();
      bytes += chunk.length;
      done(bytes > MAX_BYTES ? new Error(`it has more than ${MAX_BYTES} bytes`) : null, chunk);
    },
  });
  try {
    const body = await open(url, stalled.signal);
    await pipeline(body, watch, createWriteStream(part, { mode: 0o600, flush: true }));
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    if (error instanceof CanopyError) {
      throw error;
    }
    const { message, cause } = error as Error;
    const reason = stalled.signal.aborted
      ? 'it stopped arriving'
      : ((cause as Error | undefined)?.message ?? message);
    throw new CanopyError('MODEL_UNUSABLE', `it could not be downloaded: ${reason}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** Follows redirects, to https:// only. */
async function open(url: string, signal: AbortSignal): Promise<Readable> {
  let target = new URL(url);
  if (target.protocol !== 'https:' && !(target.protocol === 'http:' && LOOPBACK.test(target.hostname))) {
    throw new CanopyError('MODEL_UNUSABLE', 'its URL does not start with https://');
  }
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const response = await fetch(target, { redirect: 'manual', signal });
    const location = response.headers.get('location');
    if (response.ok && response.body) {
      return Readable.from(response.body);
    }
    await response.body?.cancel();
    if (response.status < 300 || response.status > 399 || location === null) {
      throw new Error(`the server answered ${response.status}`);
    }
    target = new URL(location, target);
    if (target.protocol !== 'https:') {
      throw new CanopyError('MODEL_UNUSABLE', 'its URL redirects to an address without https://');
    }
  }
  throw new Error('its URL redirects too often');
}
