import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { missingError, missingPackages } from './system.mjs';
import { systemPackages } from './system-packages.mjs';

describe("the system's packages", () => {
  test('are named once each, with a reason', () => {
    const names = systemPackages.map((entry) => entry.debian);
    assert.equal(new Set(names).size, names.length);
    for (const entry of systemPackages) {
      assert.ok(entry.why && entry.for.length > 0, entry.debian);
    }
  });

  test('are all there for the tests, or these would not run', async () => {
    assert.deepEqual(await missingPackages(['test']), []);
  });

  test('are a few for everybody, and many more only for the tests that take long', async () => {
    const of = (purpose: 'test' | 'test-long') =>
      systemPackages.filter((entry) => entry.for.includes(purpose)).map((entry) => entry.debian);
    assert.ok(of('test-long').includes('gstreamer1.0-plugins-ugly'));
    assert.ok(!of('test').some((name) => name.includes('gst') || name.includes('nginx')));
  });

  test('count as missing when the variable that names the program is wrong', async () => {
    const { CANOPY_CHROMIUM } = process.env;
    process.env.CANOPY_CHROMIUM = '/nowhere/chromium';
    try {
      const missing = await missingPackages(['test']);
      assert.deepEqual(
        missing.map((entry) => entry.debian),
        ['chromium'],
      );
    } finally {
      if (CANOPY_CHROMIUM === undefined) {
        delete process.env.CANOPY_CHROMIUM;
      } else {
        process.env.CANOPY_CHROMIUM = CANOPY_CHROMIUM;
      }
    }
  });

  test('that may not be installed are listed with a command and with reasons', () => {
    const { message } = missingError([
      { debian: 'chromium', for: ['test'], why: 'the browsers' },
      { debian: 'ninja-build', for: ['worker-build'], why: 'the worker' },
      { debian: 'patch', for: ['worker-build'], why: 'the worker' },
    ]);
    assert.match(message, /the browsers: chromium/);
    assert.match(message, /the worker: ninja-build patch/);
  });
});
