import { createHash, hkdfSync } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { keptSecret, openBytes, sealBytes } from '../../../kernel/index.ts';

/** The key under which the keys of all files are encrypted. It is in a file of its own, which backups leave out. */
export class ServerKey {
  /** Identifies the key without revealing it. */
  readonly keyId: string;
  readonly #key: Buffer;

  /** @param secret of any length */
  constructor(secret: string) {
    this.#key = Buffer.from(hkdfSync('sha256', secret, '', 'canopy files', 32));
    this.keyId = createHash('sha256')
      .update('canopy files key id')
      .update(this.#key)
      .digest('hex')
      .slice(0, 16);
  }

  /** Reads the key from a file, which is created if there is none. @throws {CanopyError} CONFIG_INVALID */
  static from(file: string, onRecreated: (file: string) => void): ServerKey {
    return new ServerKey(keptSecret(dirname(file), basename(file), onRecreated));
  }

  /** The key of a file as it is stored, base64. */
  wrap(key: Buffer, fileId: string): string {
    return sealBytes(this.#key, key, `key ${fileId}`).toString('base64');
  }

  /** @throws {Error} it was encrypted with another key, or for another file */
  unwrap(wrapped: string, fileId: string): Buffer {
    return openBytes(this.#key, Buffer.from(wrapped, 'base64'), `key ${fileId}`);
  }
}
