import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { CanopyError } from '../errors/index.ts';
import { configKeys, loadConfig } from './index.ts';

describe('loadConfig()', () => {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-config-'));
  after(() => rmSync(dir, { recursive: true }));
  const file = (content: unknown) => {
    const path = join(dir, 'canopy.json');
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };
  const invalid = (sources: Parameters<typeof loadConfig>[0], detail: RegExp) =>
    assert.throws(
      () => loadConfig(sources),
      (error) =>
        error instanceof CanopyError && error.code === 'CONFIG_INVALID' && detail.test(error.detail ?? ''),
    );

  it('has a default for everything', () => {
    const config = loadConfig({ env: {} });
    assert.equal(config.server.port, 8443);
    assert.equal(config.rtc.port, 40_000);
    assert.deepEqual(config.rtc.announce, []);
  });

  it('refuses waits that are longer than timers can hold, which would end at once', () => {
    for (const key of ['server.drainSeconds', 'limits.resumeSeconds']) {
      invalid({ env: {}, flags: { [key]: 2_147_484 } }, new RegExp(key));
    }
  });

  it('lets flags override the environment, that the file, that the defaults', () => {
    const config = loadConfig({
      file: file({ server: { port: 1 }, rtc: { port: 2, workers: 3 } }),
      env: { CANOPY_RTC_PORT: '4', CANOPY_SERVER_PORT: '5', CANOPY_RTC_ANNOUNCE: '192.0.2.1, sfu.example' },
      flags: { 'server.port': '6', 'data.dir': undefined },
    });
    assert.equal(config.server.port, 6);
    assert.equal(config.rtc.port, 4);
    assert.equal(config.rtc.workers, 3);
    assert.deepEqual(config.rtc.announce, ['192.0.2.1', 'sfu.example']);
  });

  it('reads booleans from the environment', () => {
    assert.equal(loadConfig({ env: { CANOPY_SERVER_TRUST_PROXY: 'true' } }).server.trustProxy, true);
    assert.equal(loadConfig({ env: { CANOPY_SERVER_TRUST_PROXY: '0' } }).server.trustProxy, false);
    invalid({ env: { CANOPY_SERVER_TRUST_PROXY: 'maybe' } }, /server\.trustProxy/);
  });

  it('names an unknown key and the nearest that exists', () => {
    invalid({ file: file({ rtc: { prot: 1 } }), env: {} }, /rtc\.prot is unknown; did you mean rtc\.port\?/);
    invalid({ file: file({ sever: {} }), env: {} }, /sever is unknown; did you mean server\?/);
    invalid({ env: { CANOPY_RTC_PROT: '1' } }, /CANOPY_RTC_PROT is unknown; did you mean CANOPY_RTC_PORT\?/);
  });

  it('takes the environment of the container', () => {
    const dockerfile = readFileSync(new URL('../../deploy/Dockerfile', import.meta.url), 'utf8');
    const variables = [...dockerfile.matchAll(/\b(CANOPY_[A-Z_]+)=(\S+)/g)].map(([, name, value]) => [
      name,
      value,
    ]);
    assert.ok(variables.length >= 4);
    const config = loadConfig({ env: Object.fromEntries(variables) });
    assert.equal(config.data.dir, '/data');
  });

  it('names the key of a bad value', () => {
    invalid({ env: {}, flags: { 'server.port': '70000' } }, /server\.port/);
    invalid({ env: {}, flags: { 'log.level': 'loud' } }, /log\.level/);
  });

  it('says what is wrong with a file', () => {
    invalid({ file: join(dir, 'absent.json'), env: {} }, /cannot read/);
    invalid({ file: file('{'), env: {} }, /is not JSON/);
    invalid({ file: file('[]'), env: {} }, /must hold a JSON object/);
  });

  it('describes every key, each with a distinct environment variable', () => {
    const keys = configKeys();
    assert.ok(keys.length > 20);
    for (const key of keys) {
      assert.notEqual(key.description, '', key.path);
    }
    assert.equal(new Set(keys.map((key) => key.env)).size, keys.length);
    assert.equal(keys.find((key) => key.path === 'server.tlsCert')?.env, 'CANOPY_SERVER_TLS_CERT');
  });
});
