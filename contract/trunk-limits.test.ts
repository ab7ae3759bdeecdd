import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isEmergencyDialled } from './emergency-numbers.ts';
import { dayIn, priceOf, trunkBars, trunkLimits } from './trunk-limits.ts';
import { trunkNumbers } from './trunk-numbers.ts';

const germany = trunkNumbers.parse({ countryCode: '49' });
/** Monday, 30 November 2026, 12:00 UTC. */
const NOON = Date.UTC(2026, 10, 30, 12);
const HOUR_MS = 3_600_000;

describe('what a trunk bars', () => {
  const bars = (limits: object, number: string, numbers: typeof germany | undefined = germany) =>
    trunkBars({ numbers, limits: trunkLimits.parse(limits) }, { number }, NOON);

  it('threat 19: numbers that are denied or not allowed, however they are written', () => {
    for (const [limits, number, expected] of [
      [{ deny: ['+53'] }, '+53712345678', 'number'],
      [{ deny: ['+53'] }, '0053712345678', 'number'],
      [{ deny: ['+53'] }, '+0053712345678', 'number'],
      [{ deny: ['0053'] }, '+53712345678', 'number'],
      [{ deny: ['0900'] }, '09001234567', 'number'],
      [{ deny: ['0900'] }, '+499001234567', 'number'],
      [{ deny: ['+49900'] }, '00499001234567', 'number'],
      [{ deny: ['0900'] }, '*31#09001234567', 'number'],
      [{ deny: ['0900'] }, '030123456', undefined],
      [{ allow: ['+49'] }, '030123456', undefined],
      [{ allow: ['+49'] }, '0033123456789', 'number'],
      [{ allow: ['+49'], deny: ['0900'] }, '09001234567', 'number'],
      [{ allow: ['+49'] }, '*21*030123456#', 'number'],
      [{ allow: ['+49', '*31#'] }, '*31#030123456', undefined],
      [{ allow: ['116'] }, '116117', undefined],
      [{ prices: [{ prefix: '', perMinute: 1 }] }, '*72', 'number'],
      [{}, '*72', undefined],
      [{}, '0900123', undefined],
    ] as const) {
      assert.equal(bars(limits, number), expected, `${JSON.stringify(limits)} ${number}`);
    }
    assert.equal(bars({ deny: ['+53'] }, '0053712345678', undefined), 'number');
  });

  it('emergency numbers, as dialled, as sent, and with the country before them', () => {
    for (const number of ['112', '911', '999', '000', '110', '+49112', '0049110', '0112']) {
      assert.equal(bars({}, number), 'emergency', number);
    }
    for (const number of ['115', '1120', '+33112', '030112']) {
      assert.equal(bars({}, number), undefined, number);
    }
    assert.equal(trunkBars({ numbers: germany }, { number: '+49112', dialled: '9112' }, NOON), 'emergency');
    assert.equal(trunkBars({}, { number: '+4930', dialled: '112' }, NOON), 'emergency');
    assert.equal(bars({ emergencyNumbers: ['144'] }, '112'), undefined);
    assert.equal(bars({ emergencyNumbers: ['144'] }, '144'), 'emergency');
    assert.equal(bars({ emergencyNumbers: [] }, '110'), undefined);
  });

  it('what a phone dials is compared with the numbers of all trunks', () => {
    assert.ok(isEmergencyDialled('112', []));
    assert.ok(!isEmergencyDialled('110', []));
    assert.ok(isEmergencyDialled('110', [{}, { numbers: germany }]));
    assert.ok(!isEmergencyDialled('1100', [{ numbers: germany }]));
  });

  it('calls outside its hours, in its time zone', () => {
    const at = (limits: object, nowMs: number) =>
      trunkBars({ limits: trunkLimits.parse(limits) }, { number: '030123456' }, nowMs);
    const office = {
      hours: [{ days: [1, 2, 3, 4, 5], from: '08:00', until: '18:00' }],
      timeZone: 'Europe/Berlin',
    };
    for (const [hours, expected] of [
      [-6, 'hours'],
      [-5, undefined],
      [0, undefined],
      [4.99, undefined],
      [5, 'hours'],
      [5 * 24, 'hours'],
      [7 * 24, undefined],
    ] as const) {
      assert.equal(at(office, NOON + hours * HOUR_MS), expected, `${hours} h`);
    }
    assert.equal(at({ hours: [{ days: [1], from: '12:00' }] }, NOON + 11.9 * HOUR_MS), undefined);
    assert.equal(at({ hours: [{ days: [1], from: '12:00' }] }, NOON + 12 * HOUR_MS), 'hours');
  });

  it('has days by its time zone', () => {
    assert.equal(dayIn('UTC', NOON), '2026-11-30');
    assert.equal(dayIn('Pacific/Auckland', NOON), '2026-12-01');
    assert.ok(!trunkLimits.safeParse({ timeZone: 'Mars/Olympus' }).success);
  });

  it('prices a number by its longest prefix', () => {
    const prices = [
      { prefix: '', perMinute: 1 },
      { prefix: '+49', perMinute: 0.01 },
      { prefix: '0900', perMinute: 2 },
      { prefix: '0053', perMinute: 3 },
    ];
    const trunk = { numbers: germany, limits: trunkLimits.parse({ prices }) };
    for (const [number, expected] of [
      ['030123456', 0.01],
      ['09001234567', 2],
      ['+499001234567', 2],
      ['+53712345678', 3],
      ['+33123456789', 1],
      ['116117', 1],
    ] as const) {
      assert.equal(priceOf(trunk, number)?.perMinute, expected, number);
    }
    assert.equal(priceOf({}, '030123456'), undefined);
  });
});
