import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { headerAttributes, participantAttributes } from '../../contract/index.ts';
import type { IncomingCall } from '../sip/index.ts';
import { callerAttributes } from './caller-attributes.ts';

const HEADERS = [
  { header: 'X-Customer-Id', attribute: 'customer' },
  { header: 'User-to-User', attribute: 'case' },
];

/** A call with these header fields. */
function call(fields: Record<string, string>): Pick<IncomingCall, 'request'> {
  return {
    request: { headers: new Map(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value])) },
  } as unknown as IncomingCall;
}

describe('callerAttributes()', () => {
  it('are the mapped header fields that the call has', () => {
    assert.deepEqual(callerAttributes(call({ 'X-Customer-Id': '4711', 'X-Other': '1' }), HEADERS), {
      customer: '4711',
    });
    assert.equal(callerAttributes(call({ 'X-Other': '1' }), HEADERS), undefined);
    assert.equal(callerAttributes(call({ 'X-Customer-Id': '4711' }), undefined), undefined);
  });

  it('threat 23: hostile text is cleaned and shortened, and what is left is accepted by the server', () => {
    for (const [value, expected] of [
      ['A\u202eB', 'AB'],
      ['A\u0000B\u0007', 'AB'],
      ['one\r\n two', 'one  two'],
      ['=cmd|x', '=cmd|x'],
      ['x'.repeat(100_000), 'x'.repeat(256)],
    ] as const) {
      const attributes = callerAttributes(call({ 'X-Customer-Id': value }), HEADERS);
      assert.deepEqual(attributes, { customer: expected });
      assert.deepEqual(participantAttributes.parse(attributes), attributes);
    }
    assert.equal(callerAttributes(call({ 'X-Customer-Id': '\u200b' }), HEADERS), undefined);
  });

  it('threat 23: neither secrets and identities nor names that every object has can be mapped', () => {
    for (const header of ['Authorization', 'From', 'f', 'P-Asserted-Identity', 'Via', 'X Y', '']) {
      assert.ok(!headerAttributes.safeParse([{ header, attribute: 'a' }]).success, header);
    }
    for (const attribute of ['constructor', '__proto__', 'toString', '', 'a b', 'x'.repeat(65)]) {
      assert.ok(!headerAttributes.safeParse([{ header: 'X-A', attribute }]).success, attribute);
      const { data } = participantAttributes.safeParse(JSON.parse(`{"${attribute}": "1"}`));
      assert.ok(!data || !Object.hasOwn(data, attribute), attribute);
    }
    const many = Object.fromEntries(Array.from({ length: 18 }, (_, index) => [`a${index}`, '']));
    assert.ok(!participantAttributes.safeParse(many).success);
  });
});
