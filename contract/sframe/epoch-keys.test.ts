import assert from 'node:assert/strict';
import { it } from 'node:test';
import { deviceMember, memberOf } from './epoch-keys.ts';

it('threat 24: a participant without a device is never taken for a device that has the keys', () => {
  assert.equal(memberOf('ann', 'aa'), deviceMember('aa'));
  assert.equal(memberOf('aa', undefined), 'aa');
  assert.notEqual(memberOf('aa', undefined), deviceMember('aa'));
  assert.equal(memberOf(deviceMember('aa'), undefined), undefined);
});
