import { readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface TestFiles {
  /** Next to the code that they test. */
  readonly unit: string[];
  /** Under test/: tests of whole systems. */
  readonly system: string[];
}

/**
 * All test files, with paths relative to `root`.
 * @param long whether to find the `*.long.test.ts`, or all the others
 */
export function findTests(root: string, long: boolean): TestFiles {
  const found: TestFiles = { unit: [], system: [] };
  const walk = (folder: string): void => {
    const entries = readdirSync(join(root, folder), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!entry.name.startsWith('.') && entry.name !== 'node_modules' && entry.name !== 'dist') {
          walk(path);
        }
      } else if (entry.name.endsWith('.test.ts') && entry.name.endsWith('.long.test.ts') === long) {
        (path.startsWith('test/') ? found.system : found.unit).push(path);
      }
    }
  };
  walk('');
  return found;
}
