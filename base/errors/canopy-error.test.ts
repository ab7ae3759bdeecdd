import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CanopyError } from './index.ts';

test('threat 53: an error echoes at most 300 characters of client input, as well-formed text', () => {
  for (const sent of ['x'.repeat(250_000), '💥'.repeat(1000), `${'x'.repeat(298)}💥💥`]) {
    const { detail = '' } = new CanopyError('BAD_REQUEST', sent).toJSON();
    assert.ok(detail.length <= 300);
    assert.ok(detail.isWellFormed());
    assert.ok(detail.endsWith('…'));
  }
  assert.equal(new CanopyError('BAD_REQUEST', 'x'.repeat(300)).detail, 'x'.repeat(300));
  assert.equal(new CanopyError('BAD_REQUEST').detail, undefined);
});

test('running out of file descriptors is reported as SERVER_BUSY, without a file name', () => {
  for (const code of ['EMFILE', 'ENFILE']) {
    const error = Object.assign(new Error(`${code}: too many open files, open '/data/x'`), { code });
    assert.deepEqual(CanopyError.from(error).toJSON(), new CanopyError('SERVER_BUSY').toJSON());
  }
  assert.equal(CanopyError.from(Object.assign(new Error('x'), { code: 'ENOENT' })).code, 'INTERNAL');
  for (const thrown of [undefined, null, 'text']) {
    assert.equal(CanopyError.from(thrown).code, 'INTERNAL');
  }
});
