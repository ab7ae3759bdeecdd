import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createLogger, loadConfig } from '../../../base/index.ts';
import { Authority } from '../../identity/index.ts';
import { readTlsFiles } from './tls-files.ts';
import { TlsSource } from './tls-source.ts';

describe('TLS files', () => {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-tls-'));
  const file = (name: string) => join(dir, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });

  before(async () => {
    for (const name of ['good', 'other']) {
      openssl(
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'],
        ...['-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.pem`],
      );
    }
    openssl('pkey', '-in', 'good.key', '-aes256', '-passout', 'pass:x', '-out', 'locked.key');
    const past = Date.now() - 2 * 365 * 86_400_000;
    const expired = await Authority.open({ dir: join(dir, 'past'), name: 'Test', now: () => past });
    const { cert, key } = await expired.tlsCertificate(['localhost']);
    writeFileSync(file('expired.pem'), cert);
    writeFileSync(file('expired.key'), key);
    writeFileSync(file('empty'), '');
    writeFileSync(file('rubbish'), 'rubbish');
  });
  after(() => rmSync(dir, { recursive: true }));
  const read = (tlsCert: string, tlsKey: string) =>
    readTlsFiles({ tlsCert: file(tlsCert), tlsKey: file(tlsKey) });

  it('are accepted if they match', () => {
    assert.match(read('good.pem', 'good.key').certificate.subject, /good/);
  });

  for (const [what, cert, key, detail] of [
    ['an empty certificate', 'empty', 'good.key', /^server\.tlsCert: .*empty/],
    ['an empty key', 'good.pem', 'empty', /^server\.tlsKey: .*empty/],
    ['a missing certificate', 'absent', 'good.key', /^server\.tlsCert: .*ENOENT/],
    ['a missing key', 'good.pem', 'absent', /^server\.tlsKey: .*ENOENT/],
    ['no certificate', 'rubbish', 'good.key', /^server\.tlsCert: .*no certificate/],
    ['no key', 'good.pem', 'rubbish', /^server\.tlsKey: .*no private key/],
    ['the two swapped', 'good.key', 'good.pem', /^server\.tlsCert: .*no certificate/],
    ['the key of another', 'good.pem', 'other.key', /^server\.tlsKey: .*not the key of/],
    ['an encrypted key', 'good.pem', 'locked.key', /^server\.tlsKey: .*encrypted with a password/],
    ['an expired certificate', 'expired.pem', 'expired.key', /^server\.tlsCert: .*expired on /],
  ] as const) {
    it(`are refused with the setting's name: ${what}`, () => {
      assert.throws(() => read(cert, key), { code: 'CONFIG_INVALID', detail });
    });
  }

  it('that become unusable while the server runs are ignored, and the old pair stays in use', async () => {
    copyFileSync(file('good.pem'), file('live.pem'));
    copyFileSync(file('good.key'), file('live.key'));
    const config = loadConfig({
      env: {},
      flags: { 'server.tlsCert': file('live.pem'), 'server.tlsKey': file('live.key') },
    });
    const authority = await Authority.open({ dir: join(dir, 'data'), name: 'Test' });
    const source = new TlsSource(config, authority, createLogger({ level: 'silent', format: 'json' }));
    const first = await source.load();
    writeFileSync(file('live.key'), '');
    await assert.rejects(source.load(), { code: 'CONFIG_INVALID', detail: /^server\.tlsKey/ });
    copyFileSync(file('other.pem'), file('live.pem'));
    copyFileSync(file('other.key'), file('live.key'));
    assert.notEqual((await source.load())?.cert, first?.cert);
  });
});
