import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface TestFiles {
  /** Next to the code that they test. */
  readonly unit: string[];
  /** Under test/: tests of whole systems, which need the machine for themselves. */
  readonly system: string[];
  /** Those of them that mostly wait and say so with {@link WAITING_MARK}. */
  readonly waiting: string[];
}

/** The line by which a system test says that it may run beside others: it mostly waits, starts no browser and picks free ports. */
const WAITING_MARK = /^\/\/ Mostly waits: may run beside other tests\.$/m;

/**
 * All test files, with paths relative to `root`.
 * @param long whether to find the `*.long.test.ts`, or all the others
 */
export function findTests(root: string, long: boolean): TestFiles {
  const found: TestFiles = { unit: [], system: [], waiting: [] };
  const walk = (folder: string): void => {
    const entries = readdirSync(join(root, folder), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!entry.name.startsWith('.') && entry.name !== 'node_modules' && entry.name !== 'dist') {
          walk(path);
        }
      } else if (entry.name.endsWith('.test.ts') && entry.name.endsWith('.long.test.ts') === long) {
        found[kindOf(root, path)].push(path);
      }
    }
  };
  walk('');
  return found;
}

function kindOf(root: string, path: string): keyof TestFiles {
  if (!path.startsWith('test/')) {
    return 'unit';
  }
  return WAITING_MARK.test(readFileSync(join(root, path), 'utf8')) ? 'waiting' : 'system';
}
