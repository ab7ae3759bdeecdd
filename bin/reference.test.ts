import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

describe('the reference pages', () => {
  it('match the schemas', () => {
    const generator = fileURLToPath(new URL('./reference.ts', import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [generator, '--check'], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  });
});
