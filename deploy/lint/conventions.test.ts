import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What the formatter and the linter cannot express: a pattern, and what to write instead. */
const CONVENTIONS: [pattern: RegExp, remedy: string][] = [
  [/@throws (?:CanopyError|\w+Error )/, 'Write @throws {CanopyError} CODE - when'],
  [/\b(?:MOST|LEAST)_[A-Z]/, 'Write MAX_ or MIN_'],
  [/\bconst [A-Z0-9_]+_MILLISECONDS\b/, 'Write _MS'],
  [/\.overwrite\((?:displayable|storable|canonical|oneLine)/, 'Write cleanText(): it cleans no longer texts'],
  // Settings are read by people: theirs are written out.
  [/\b(?!heartbeat)[a-z][A-Za-z]*Milliseconds\b/, 'Write Ms'],
];

function sources(): string[] {
  const { stdout } = spawnSync('git', ['ls-files', '*.ts', '*.tsx', '*.mjs'], {
    cwd: root,
    encoding: 'utf8',
  });
  return stdout.split('\n').filter((file) => file !== '' && !file.startsWith('deploy/lint/'));
}

describe('conventions', () => {
  for (const [pattern, remedy] of CONVENTIONS) {
    test(`${remedy}, not ${pattern.source}`, () => {
      const found = sources().flatMap((file) =>
        readFileSync(join(root, file), 'utf8')
          .split('\n')
          .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
      );
      assert.deepEqual(found, []);
    });
  }
});
