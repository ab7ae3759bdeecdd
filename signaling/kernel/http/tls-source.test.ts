import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { createLogger, loadConfig } from '../../../base/index.ts';
import { CompanyPki } from '../../../test/support/openssl.ts';
import { openTlsSource } from './tls-source.ts';

it('threat 15: takes a renewed file without a restart, and keeps the old one while the new one is unusable', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-tls-'));
  const pki = new CompanyPki();
  const [tlsCert, tlsKey] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  const write = (cert: string, key: string) => {
    writeFileSync(tlsCert, cert);
    writeFileSync(tlsKey, key);
  };
  try {
    await pki.issue({ name: 'one', extensions: ['basicConstraints=critical,CA:FALSE'] });
    await pki.issue({ name: 'two', extensions: ['basicConstraints=critical,CA:FALSE'] });
    write(pki.pem('one'), pki.key('one'));
    const source = await openTlsSource(
      loadConfig({
        env: {},
        flags: { 'data.dir': dir, 'server.tlsCert': tlsCert, 'server.tlsKey': tlsKey },
      }),
      createLogger({ level: 'silent', format: 'json' }),
    );
    const taken: string[] = [];
    try {
      await source.load();
      source.watch(({ cert }) => taken.push(cert));
      await source.check();
      // Programs that renew write the two files one after the other.
      writeFileSync(tlsCert, pki.pem('two'));
      await source.check();
      assert.deepEqual(taken, []);
      write(pki.pem('two'), pki.key('two'));
      await source.check();
      assert.deepEqual(taken, [pki.pem('two')]);
    } finally {
      source.close();
    }
  } finally {
    pki.close();
    rmSync(dir, { recursive: true });
  }
});
