import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { dialledNumber, fitsDialPattern, matchDialRule, routeDial } from './dial-plan.ts';
import type { DialRule } from './telephony.ts';

const sign = fc.constantFrom('*', 'X', '0', '1', '7', '+', '#', 'a', '.', '[');
const pattern = fc.array(sign, { maxLength: 8 }).map((signs) => signs.join(''));
const number = fc.string({
  unit: fc.constantFrom('0', '1', '7', '+', '#', 'a', '.', '*', 'X'),
  maxLength: 10,
});

const rule = (direction: DialRule['direction'], text: string, action: DialRule['action']): DialRule => ({
  direction,
  pattern: text,
  action,
});
const trunk = (more: { stripDigits?: number; prefix?: string } = {}) =>
  ({ type: 'trunk', trunk: 'pstn', stripDigits: 0, prefix: '', ...more }) as const;
const reject = { type: 'reject', status: 403 } as const;

describe('fitsDialPattern()', () => {
  it('agrees with the equivalent regular expression', () => {
    fc.assert(
      fc.property(pattern, number, (text, dialled) => {
        const source = [...text].map((each) => {
          if (each === '*') {
            return '.*';
          }
          return each === 'X' ? '[0-9]' : each.replace(/[^\w]/, '\\$&');
        });
        assert.equal(fitsDialPattern(text, dialled), new RegExp(`^${source.join('')}$`).test(dialled));
      }),
      { numRuns: 5000 },
    );
  });

  it('matches the whole number, not a part of it', () => {
    assert.ok(fitsDialPattern('+49XX', '+4930'));
    assert.ok(!fitsDialPattern('+49XX', '+49301'));
    assert.ok(!fitsDialPattern('+49XX', '1+4930'));
    assert.ok(!fitsDialPattern('', '1'));
    assert.ok(fitsDialPattern('*', ''));
  });

  it('threat 19: a pattern cannot make it slow', () => {
    const started = performance.now();
    assert.ok(!fitsDialPattern(`${'*a'.repeat(63)}b`, 'a'.repeat(256)));
    assert.ok(performance.now() - started < 100);
  });
});

describe('matchDialRule()', () => {
  it('returns the first matching rule of the direction', () => {
    const plan = [
      rule('incoming', '*', { type: 'pin' }),
      rule('outgoing', '0900*', reject),
      rule('outgoing', '0*', trunk()),
    ];
    assert.equal(matchDialRule(plan, 'outgoing', '09001'), plan[1]);
    assert.equal(matchDialRule(plan, 'outgoing', '030'), plan[2]);
    assert.equal(matchDialRule(plan, 'outgoing', '1'), undefined);
    assert.equal(matchDialRule(plan, 'incoming', '1'), plan[0]);
  });
});

describe('dialledNumber()', () => {
  it('returns the number in texts and URIs', () => {
    for (const [target, expected] of [
      ['+4930', '+4930'],
      ['(030)12-34.5', '03012345'],
      ['tel:+49-30-1;phone-context=x', '+49301'],
      ['sip:1001@pbx.example;transport=tcp', '1001'],
      ['SIPS:1001:secret@[::1]:5061?x=y', '1001'],
      ['sip:ann.lee-2@pbx', 'ann.lee-2'],
      ['sip:%30900@pbx', '0900'],
      ['sip:0900-12@pbx', '090012'],
    ] as const) {
      assert.equal(dialledNumber(target), expected, target);
    }
  });

  it('threat 19: returns nothing for input that could be interpreted differently further on', () => {
    for (const target of [
      'sip:@pbx',
      '',
      'sip:1%402@pbx',
      'sip:%zz@pbx',
      '1\r\nX: y',
      'sip:１２@pbx',
      'tel:;x',
    ]) {
      assert.equal(dialledNumber(target), undefined, JSON.stringify(target));
    }
  });

  it('returns only characters that are allowed in a user part', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (target) => {
        assert.match(dialledNumber(target) ?? '', /^[A-Za-z0-9*#+_.~-]{0,128}$/);
      }),
    );
  });
});

describe('routeDial()', () => {
  const ha1 = { md5: '', sha256: '' };
  const config = {
    phones: [{ username: '1001', ha1 }],
    trunks: [{ name: 'pstn' }],
    dialPlan: [
      rule('incoming', '*', { type: 'pin' }),
      rule('outgoing', '0900*', reject),
      rule('outgoing', '9*', trunk({ stripDigits: 1, prefix: '+49' })),
      rule('outgoing', '0*', trunk()),
      rule('outgoing', '8*', { ...trunk(), trunk: 'gone' }),
    ],
  };

  it('routes to our own phones and, according to the plan, to trunks', () => {
    assert.deepEqual(routeDial(config, 'sip:1001@anywhere'), { type: 'phone', username: '1001' });
    assert.deepEqual(routeDial(config, '030'), { type: 'trunk', trunk: 'pstn', number: '030' });
    assert.deepEqual(routeDial(config, '930'), { type: 'trunk', trunk: 'pstn', number: '+4930' });
  });

  it('threat 19: refuses numbers that no outgoing rule permits, however they are written', () => {
    for (const target of [
      '112',
      '0900123',
      'tel:0900-123',
      'sip:0900123@elsewhere.example',
      'sip:%30%39%30%30123@pbx',
      'sip:0900123;ext=1@pbx',
      '(0900)123',
      '800',
      'sip:victim@elsewhere.example',
    ]) {
      assert.equal(routeDial(config, target), undefined, target);
    }
    assert.equal(routeDial({ ...config, dialPlan: [] }, '030'), undefined);
    assert.equal(
      routeDial({ ...config, dialPlan: [rule('outgoing', '9', trunk({ stripDigits: 1 }))] }, '9'),
      undefined,
    );
  });
});
