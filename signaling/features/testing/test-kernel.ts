import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, loadConfig } from '../../../base/index.ts';
import { Sfu } from '../../../sfu/index.ts';
import { Kernel } from '../../kernel/index.ts';
import { MIGRATIONS } from '../migrations.ts';
import { registerFeatures } from '../register.ts';

/** A kernel with all features in the test's process, with a real media worker and a temporary data folder. It does not listen. */
export class TestKernel {
  /** The data folder. */
  readonly dir = mkdtempSync(join(tmpdir(), 'canopy-kernel-'));
  readonly #flags: Record<string, unknown>;
  #sfu!: Sfu;
  #kernel!: Kernel;

  private constructor(flags: Record<string, unknown>) {
    this.#flags = flags;
  }

  /** @param flags settings */
  static async open(flags: Record<string, unknown> = {}): Promise<TestKernel> {
    const test = new TestKernel(flags);
    await test.#open();
    return test;
  }

  /** Another one after each restart. */
  get kernel(): Kernel {
    return this.#kernel;
  }

  /** Closes everything, and opens it again on the same data. */
  async restart(): Promise<void> {
    await this.#close();
    await this.#open();
  }

  async close(): Promise<void> {
    await this.#close();
    rmSync(this.dir, { recursive: true });
  }

  async #open(): Promise<void> {
    const log = createLogger({ level: 'silent', format: 'json' });
    const flags = { 'server.host': '127.0.0.1', 'server.port': 0, 'data.dir': this.dir };
    const config = loadConfig({ env: {}, flags: { ...flags, ...this.#flags } });
    this.#sfu = await Sfu.create({ workers: 1, rtcPort: 0, listen: [{ ip: '127.0.0.1' }], log });
    const options = { config, log, migrations: MIGRATIONS, sfu: this.#sfu, version: '0.0.0' };
    this.#kernel = await Kernel.open(options);
    registerFeatures(this.#kernel);
  }

  async #close(): Promise<void> {
    await this.#kernel.close();
    await this.#sfu.close();
  }
}
