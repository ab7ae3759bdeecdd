import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { type Logger, writeWhole } from '../../base/index.ts';
import type { DtlsIdentity } from '../media/index.ts';
import type { SavedInvite } from '../sip/index.ts';

/** Of the contents. A file of another version is ignored. */
const VERSION = 3;
const FILE = 'gateway-calls.bin';
const KEY_FILE = 'gateway-calls.key';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';

/** What a process leaves to the next one. */
export interface Snapshot<T> {
  readonly calls: readonly T[];
  /** What rings phones. This is cancelled. */
  readonly invites: readonly SavedInvite[];
  /** Our identity for DTLS, which phones know by its fingerprint. */
  readonly dtlsIdentity?: DtlsIdentity | undefined;
}

const NOTHING: Snapshot<never> = { calls: [], invites: [] };

/**
 * A file with the state of all calls in progress, encrypted, with its key in another file. It has SRTP keys, so it must not be kept: the
 * gateway replaces it all the time, and removes it when it closes.
 */
export class CallSnapshots<T> {
  readonly #file: string;
  readonly #keyFile: string;
  readonly #log: Logger;
  #key: Promise<Buffer> | undefined;
  #writing: Promise<void> | undefined;
  #isEmpty = false;

  constructor(folder: string, log: Logger) {
    this.#file = join(folder, FILE);
    this.#keyFile = join(folder, KEY_FILE);
    this.#log = log;
  }

  /** A key for another purpose, which the next process has, too. */
  async keyFor(purpose: string): Promise<Buffer> {
    return Buffer.from(hkdfSync('sha256', await this.#loadKey(), '', purpose, KEY_BYTES));
  }

  /** What a killed gateway has left. No calls if there is no file, or it cannot be read. */
  async load(): Promise<Snapshot<T>> {
    const bytes = await readFile(this.#file).catch(() => undefined);
    if (!bytes) {
      return NOTHING;
    }
    try {
      const decipher = createDecipheriv(CIPHER, await this.#loadKey(), bytes.subarray(0, IV_BYTES));
      decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      const plain = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
      const { version, ...snapshot } = deserialize(plain) as { version: number } & Snapshot<T>;
      return version === VERSION ? snapshot : NOTHING;
    } catch (error) {
      this.#log.warn({ err: error }, 'the calls of the previous gateway cannot be read');
      return NOTHING;
    }
  }

  /** Replaces the file, unless the last change is still being written. Never rejects. */
  async save(snapshot: Snapshot<T>): Promise<void> {
    if (this.#writing || (isEmpty(snapshot) && this.#isEmpty)) {
      return;
    }
    this.#writing = this.#write(snapshot)
      .catch((error: unknown) => this.#log.warn({ err: error }, 'could not save the calls in progress'))
      .finally(() => {
        this.#writing = undefined;
      });
    await this.#writing;
  }

  /** Removes the file: all calls have ended. */
  async close(): Promise<void> {
    await this.#writing;
    this.#writing = Promise.resolve();
    await rm(this.#file, { force: true }).catch(() => {});
  }

  async #write(snapshot: Snapshot<T>): Promise<void> {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, await this.#loadKey(), iv);
    const sealed = Buffer.concat([
      cipher.update(serialize({ version: VERSION, ...snapshot })),
      cipher.final(),
    ]);
    const temporary = `${this.#file}.new`;
    // Not synced to disk: it is for a killed process, not for a power failure, which ends the calls anyway.
    await writeFile(temporary, Buffer.concat([iv, cipher.getAuthTag(), sealed]), { mode: 0o600 });
    await rename(temporary, this.#file);
    this.#isEmpty = isEmpty(snapshot);
  }

  /** Reads the key, or creates one. */
  #loadKey(): Promise<Buffer> {
    this.#key ??= readFile(this.#keyFile)
      .catch(() => Buffer.alloc(0))
      .then((kept) => {
        if (kept.length === KEY_BYTES) {
          return kept;
        }
        const key = randomBytes(KEY_BYTES);
        writeWhole(this.#keyFile, key);
        return key;
      });
    return this.#key;
  }
}

function isEmpty({ calls, invites }: Snapshot<unknown>): boolean {
  return calls.length + invites.length === 0;
}
