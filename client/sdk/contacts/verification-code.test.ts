import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { verificationCode } from './verification-code.ts';

const ADA = '00'.repeat(32);
const BOB = Array.from({ length: 32 }, (_, index) => index.toString(16).padStart(2, '0')).join('');

describe('verification codes', () => {
  it('match the documented test vector, in either order', async () => {
    const expected = '02291 49334 72676 72940 13904 69726 49515 32255 51845 32149 28714 05426'.split(' ');
    assert.deepEqual(await verificationCode(ADA, BOB), expected);
    assert.deepEqual(await verificationCode(BOB, ADA), expected);
  });

  it('differ wherever an account differs', async () => {
    const codes = await Promise.all(
      Array.from({ length: 50 }, (_, n) => verificationCode(ADA, n.toString(16).padStart(64, '0'))),
    );
    assert.equal(new Set(codes.map((code) => code.join(' '))).size, 50);
    assert.ok(codes.every((code) => code.length === 12 && code.every((group) => /^\d{5}$/.test(group))));
  });
});
