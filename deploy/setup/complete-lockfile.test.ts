import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { missingEntries } from './complete-lockfile.mjs';

it('the lockfile names the packages of every system, so that npm ci takes it anywhere', () => {
  const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'));
  assert.deepEqual(Object.keys(missingEntries(lock.packages)), [], 'run npm run lockfile');
});

it('an entry that is added says which system and processor it is for', () => {
  const packages = {
    '': { optionalDependencies: { own: '1.0.0' } },
    'node_modules/a': {
      dev: true,
      optionalDependencies: { '@a/linux-arm-gnueabihf': '1.2.3', '@a/darwin-arm64': '1.2.3' },
    },
    'node_modules/@a/darwin-arm64': { version: '1.2.3' },
  };
  assert.deepEqual(missingEntries(packages), {
    'node_modules/@a/linux-arm-gnueabihf': {
      version: '1.2.3',
      cpu: ['arm'],
      os: ['linux'],
      dev: true,
      optional: true,
    },
  });
});
