import { randomUUID } from 'node:crypto';
import { CanopyError } from '../../base/errors/index.ts';
import type { MediaWorker } from '../workers/index.ts';
import { PathTest } from './path-test.ts';

/** The tests that are running. Owned by Sfu. */
export class PathTests {
  readonly #tests = new Map<string, PathTest>();

  get size(): number {
    return this.#tests.size;
  }

  async open(worker: MediaWorker): Promise<{ testId: string; test: PathTest }> {
    const test = await PathTest.create(worker);
    const testId = randomUUID();
    this.#tests.set(testId, test);
    return { testId, test };
  }

  /** @throws {CanopyError} TRANSPORT_UNKNOWN - it has ended */
  get(testId: string): PathTest {
    const test = this.#tests.get(testId);
    if (!test || test.closed) {
      throw new CanopyError('TRANSPORT_UNKNOWN', 'the test has ended');
    }
    return test;
  }

  has(testId: string, transportId: string): boolean {
    return this.#tests.get(testId)?.has(transportId) ?? false;
  }

  /** Idempotent. */
  close(testId: string): void {
    this.#tests.get(testId)?.close();
    this.#tests.delete(testId);
  }

  closeAll(): void {
    for (const testId of [...this.#tests.keys()]) {
      this.close(testId);
    }
  }
}
