import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { CompanyPki } from '../../../test/support/openssl.ts';
import { AcmeFiles } from './acme-files.ts';
import { isDue } from './acme-renewal.ts';

const DAY_MS = 86_400_000;

describe('the kept certificate of an ACME authority', () => {
  const pki = new CompanyPki();
  let dir: string;
  let files: AcmeFiles;

  const issue = (name: string, days: [number, number]) =>
    pki.issue({
      name,
      days,
      extensions: ['basicConstraints=critical,CA:FALSE', 'subjectAltName=DNS:meet.example,DNS:call.example'],
    });
  const keep = (cert: string, key = cert) => files.keep({ cert: pki.pem(cert), key: pki.key(key) });

  before(async () => {
    await issue('good', [-10, 80]);
    await issue('old', [-61, 29]);
    await issue('expired', [-90, -1]);
  });
  after(() => pki.close());
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'canopy-acme-'));
    files = new AcmeFiles(dir);
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('is used while it is valid for all names and has its key', () => {
    const usable = (...domains: string[]) => files.certificate(domains) !== undefined;
    assert.equal(usable('meet.example'), false);
    keep('good');
    assert.equal(usable('meet.example', 'call.example'), true);
    assert.equal(usable('meet.example', 'another.example'), false);
    keep('good', 'old');
    assert.equal(usable('meet.example'), false);
    keep('expired');
    assert.equal(usable('meet.example'), false);
    writeFileSync(join(dir, 'acme.pem'), 'damaged');
    assert.equal(usable('meet.example'), false);
  });

  it('is renewed after two thirds of its life', () => {
    const due = () => isDue(files.certificate(['meet.example']));
    assert.equal(due(), true);
    keep('good');
    assert.equal(due(), false);
    assert.equal(isDue(files.certificate(['meet.example']), Date.now() + 51 * DAY_MS), true);
    keep('old');
    assert.equal(due(), true);
  });
});
