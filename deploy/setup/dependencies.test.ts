import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { dependenciesAreInstalled } from './dependencies.mjs';

describe('dependenciesAreInstalled()', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'canopy-dependencies-'));
    mkdirSync(join(folder, 'node_modules'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const a = { version: '1.0.0', integrity: 'sha512-a' };
  const elsewhere = { version: '2.0.0', integrity: 'sha512-m', optional: true, os: ['plan9'] };
  const here = { ...elsewhere, os: [process.platform], cpu: [process.arch] };

  function write(wanted: Record<string, object>, installed?: Record<string, object>): void {
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...wanted } }));
    if (installed === undefined) {
      return;
    }
    writeFileSync(
      join(folder, 'node_modules', '.package-lock.json'),
      JSON.stringify({ packages: installed }),
    );
  }

  test('is true when npm installed what the lock file says', () => {
    write({ 'node_modules/a': a }, { 'node_modules/a': a });
    assert.equal(dependenciesAreInstalled(folder), true);
  });

  test('is true without packages for other systems', () => {
    write({ 'node_modules/a': a, 'node_modules/elsewhere': elsewhere }, { 'node_modules/a': a });
    assert.equal(dependenciesAreInstalled(folder), true);
  });

  test('is false without an optional package for this system, which an old Node leaves out', () => {
    write({ 'node_modules/a': a, 'node_modules/here': here }, { 'node_modules/a': a });
    assert.equal(dependenciesAreInstalled(folder), false);
    write(
      { 'node_modules/a': a, 'node_modules/here': here },
      { 'node_modules/a': a, 'node_modules/here': here },
    );
    assert.equal(dependenciesAreInstalled(folder), true);
  });

  test('is false before the first installation, or after one that was broken off', () => {
    write({ 'node_modules/a': a });
    assert.equal(dependenciesAreInstalled(folder), false);
  });

  test('is false when a package was added, changed or removed', () => {
    write({ 'node_modules/a': a, 'node_modules/b': a }, { 'node_modules/a': a });
    assert.equal(dependenciesAreInstalled(folder), false);
    write({ 'node_modules/a': { ...a, version: '1.0.1' } }, { 'node_modules/a': a });
    assert.equal(dependenciesAreInstalled(folder), false);
    write({ 'node_modules/a': { ...a, integrity: 'sha512-b' } }, { 'node_modules/a': a });
    assert.equal(dependenciesAreInstalled(folder), false);
    write({}, { 'node_modules/a': a });
    assert.equal(dependenciesAreInstalled(folder), false);
  });

  test('says what to do without a lock file', () => {
    assert.throws(() => dependenciesAreInstalled(folder), /Restore it from git/);
  });
});
