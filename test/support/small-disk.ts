import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A small disk of its own, in memory. Mounting one requires root. */
export class SmallDisk {
  readonly dir: string;
  readonly #isMounted: boolean;

  /** @param size as mount takes it, e.g. `4m` */
  constructor(size: string) {
    this.dir = mkdtempSync(join(tmpdir(), 'canopy-disk-'));
    this.#isMounted =
      process.getuid?.() === 0 &&
      spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', this.dir]).status === 0;
  }

  /** Why a test must be skipped; false: it need not. */
  get skip(): string | false {
    return this.#isMounted ? false : 'no disk can be mounted here';
  }

  resize(size: string): void {
    execFileSync('mount', ['-o', `remount,size=${size}`, this.dir]);
  }

  /** Removes everything on it. */
  empty(): void {
    for (const name of readdirSync(this.dir)) {
      rmSync(join(this.dir, name), { recursive: true });
    }
  }

  /** Fills it to the last byte. @returns the file to remove to have space again */
  fill(): string {
    const ballast = join(this.dir, 'ballast');
    for (let size = 65_536; size >= 1; size /= 2) {
      // Until not even this much fits.
      for (;;) {
        try {
          writeFileSync(ballast, 'x'.repeat(size), { flag: 'a' });
        } catch {
          break;
        }
      }
    }
    return ballast;
  }

  remove(): void {
    if (this.#isMounted) {
      spawnSync('umount', ['-l', this.dir]);
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}
