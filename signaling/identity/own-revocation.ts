import path from 'node:path';
import { CanopyError } from '../../base/errors/index.ts';
import { readIfThere, writeWhole } from './files.ts';

const SERIAL = /^[0-9a-f]{1,40}$/;
const HASH = /^[0-9a-f]{64}$/;

interface Revocation {
  /** A device id, an account id, or the serial number of a certificate of the deployment CA, hex. */
  id: string;
  timeMs: number;
}

/** What the deployment revoked, kept in its folder (`revoked.json`). */
export class OwnRevocation {
  readonly #file: string;
  readonly #now: () => number;
  readonly #revoked = new Map<string, Revocation>();
  #writing: Promise<void> = Promise.resolve();

  static async open(dir: string, now: () => number): Promise<OwnRevocation> {
    const revocation = new OwnRevocation(path.join(dir, 'revoked.json'), now);
    await revocation.#load();
    return revocation;
  }

  private constructor(file: string, now: () => number) {
    this.#file = file;
    this.#now = now;
  }

  /**
   * Revokes a device or account (its id, 64 hex digits) or a certificate of the deployment CA (its serial number, hex). It counts
   * at once, before anything is waited for, and is on the disk when this resolves; to repeat it after a failure writes it again.
   * Errors: `BAD_REQUEST` for anything else.
   */
  async revoke(id: string): Promise<void> {
    if (!HASH.test(id) && !SERIAL.test(id))
      throw new CanopyError('BAD_REQUEST', 'neither an id nor a serial number');
    if (!this.#revoked.has(id)) this.#revoked.set(id, { id, timeMs: this.#now() });
    return this.#save();
  }

  /** Whether any of these ids or serial numbers is revoked. */
  isRevoked(...ids: string[]): boolean {
    return ids.some((id) => this.#revoked.has(id));
  }

  async #load(): Promise<void> {
    const revoked = await readIfThere(this.#file);
    try {
      for (const entry of revoked ? (JSON.parse(revoked) as Revocation[]) : [])
        this.#revoked.set(entry.id, entry);
    } catch (cause) {
      // Never start as if nobody were revoked.
      throw new CanopyError('CA_UNUSABLE', `${this.#file} is damaged`, { cause });
    }
  }

  #save(): Promise<void> {
    const write = () => writeWhole(this.#file, `${JSON.stringify([...this.#revoked.values()], null, 1)}\n`);
    const writing = this.#writing.then(write, write);
    this.#writing = writing;
    return writing;
  }
}
