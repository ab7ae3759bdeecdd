import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DerError } from '../../contract/x509/index.ts';
import { readPassport } from './passport.ts';
import { readVerstat } from './read-verstat.ts';
import { StirError } from './stir-error.ts';
import { readTnAuthList } from './tn-auth-list.ts';

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value) ?? '').toString('base64url');
const URL = 'https://certificates.example/1.pem';
const HEAD = { alg: 'ES256', ppt: 'shaken', typ: 'passport', x5u: URL };
const CLAIMS = { attest: 'A', dest: { tn: ['4930200'] }, iat: 1, orig: { tn: '493012345' }, origid: 'x' };

/** Whatever is read is complete; whatever is not is refused in the same way. */
function readsOrRefuses(field: string): void {
  try {
    const passport = readPassport([field]);
    if (passport) {
      assert.match(passport.claims.orig.tn, /^[0-9A-D*#]+$/);
      assert.ok(['A', 'B', 'C'].includes(passport.claims.attest));
    }
  } catch (error) {
    assert.ok(error instanceof StirError, String(error));
    assert.equal(error.status, 438);
  }
}

describe('threat 37: an Identity field from anybody', () => {
  it('is read or refused, whatever it has', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), readsOrRefuses));
    const part = fc.oneof(
      fc.string({ maxLength: 30 }),
      fc.constantFrom(...['a.b.c', ';info=<', '>', '"', ';ppt=shaken', '..']),
    );
    fc.assert(fc.property(fc.array(part, { maxLength: 12 }), (parts) => readsOrRefuses(parts.join(''))));
  });

  it('is read or refused if its token has any JSON in any place', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.constantFrom('head', 'claims', 'attest', 'dest', 'iat', 'orig', 'x5u'),
        (value, place) => {
          const head = place === 'head' ? value : place === 'x5u' ? { ...HEAD, x5u: value } : HEAD;
          const claims = place === 'claims' ? value : { ...CLAIMS, [place]: value };
          readsOrRefuses(`${encoded(head)}.${encoded(claims)}.c2ln;info=<${URL}>;ppt=shaken`);
        },
      ),
    );
  });

  it('takes no longer for one that is made to be slow', () => {
    const begun = performance.now();
    for (const field of [
      `a${';a="'.repeat(2000)}`,
      `a${' '.repeat(8000)}x`,
      `a${';'.repeat(8000)}`,
      'a.'.repeat(4000),
    ]) {
      readsOrRefuses(field);
      readVerstat([field]);
    }
    assert.ok(performance.now() - begun < 1000);
  });

  it('names a certificate whose TNAuthList is read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          readTnAuthList(new Uint8Array(bytes));
        } catch (error) {
          assert.ok(error instanceof DerError, String(error));
        }
      }),
    );
  });
});
