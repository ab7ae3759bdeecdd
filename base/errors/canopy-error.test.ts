import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CanopyError } from './index.ts';

test('threat 53: an error gives back at most 300 characters of what was sent, as well-formed text', () => {
  for (const sent of ['x'.repeat(250_000), '💥'.repeat(1000), `${'x'.repeat(298)}💥💥`]) {
    const { detail = '' } = new CanopyError('BAD_REQUEST', sent).toJSON();
    assert.ok(detail.length <= 300);
    assert.ok(detail.isWellFormed());
    assert.ok(detail.endsWith('…'));
  }
  assert.equal(new CanopyError('BAD_REQUEST', 'x'.repeat(300)).detail, 'x'.repeat(300));
  assert.equal(new CanopyError('BAD_REQUEST').detail, undefined);
});
