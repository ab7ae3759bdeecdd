import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DialRule, dialPlan } from '../../contract/index.ts';
import { roomNumber } from './room-number.ts';

const plan = (...rules: object[]): { dialPlan: DialRule[] } => ({ dialPlan: dialPlan.parse(rules) });
const room = (pattern: string, more: object = {}) => ({
  pattern,
  action: { type: 'room', roomId: 'team', ...more },
});

describe('roomNumber()', () => {
  it('is the first number in the dial plan that leads to the room without a PIN', () => {
    assert.equal(roomNumber(plan({ pattern: '200', action: { type: 'pin' } }, room('100')), 'team'), '100');
    assert.equal(roomNumber(plan(room('team.a_b+1')), 'team'), 'team.a_b+1');
  });

  it('is undefined if only patterns, a PIN, another direction or an earlier rule match', () => {
    for (const rules of [
      [],
      [room('1XX'), room('1*')],
      [room('100', { pin: '1234' })],
      [{ ...room('100'), direction: 'outgoing' }],
      [{ pattern: '100', action: { type: 'room', roomId: 'other' } }],
      [{ pattern: '1*', action: { type: 'reject', status: 404 } }, room('100')],
    ]) {
      assert.equal(roomNumber(plan(...rules), 'team'), undefined);
    }
  });
});
