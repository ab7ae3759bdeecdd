import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { e164, numberForTrunk, numberFromTrunk, type TrunkNumbers, trunkNumbers } from './trunk-numbers.ts';

const germany = { countryCode: '49' };
const america = { countryCode: '1', nationalPrefix: '1', internationalPrefix: '011' };
const spain = { countryCode: '34', nationalPrefix: '' };
const russia = { countryCode: '7', nationalPrefix: '8', internationalPrefix: '810' };

const rules = (settings: object): TrunkNumbers => trunkNumbers.parse(settings);

describe('numbers of trunks', () => {
  it('have an E.164 form, unless they mean something only in one place', () => {
    for (const [country, number, expected] of [
      [germany, '+4930123456', '+4930123456'],
      [germany, '004930123456', '+4930123456'],
      [germany, '030123456', '+4930123456'],
      [germany, '0053712345678', '+53712345678'],
      [germany, '09001234567', '+499001234567'],
      [germany, '110', undefined],
      [germany, '116117', undefined],
      [germany, '123456', undefined],
      [germany, '00', undefined],
      [germany, '0', undefined],
      [germany, '+0301234567', undefined],
      [germany, '+1234567890123456', undefined],
      [germany, '*21*0301234567#', undefined],
      [germany, 'reception', undefined],
      [america, '12125550100', '+12125550100'],
      [america, '0114930123456', '+4930123456'],
      [america, '2125550100', undefined],
      [america, '911', undefined],
      [spain, '912345678', '+34912345678'],
      [spain, '0033123456789', '+33123456789'],
      [spain, '112', undefined],
      [spain, '11818', undefined],
      [russia, '84951234567', '+74951234567'],
      [russia, '8104930123456', '+4930123456'],
      [{}, '030123456', undefined],
      [{}, '004930123456', '+4930123456'],
    ] as const) {
      assert.equal(e164(number, rules(country)), expected, `${JSON.stringify(country)} ${number}`);
    }
  });

  it('are sent as the trunk wants them', () => {
    for (const [settings, number, expected] of [
      [{ ...germany }, '030123456', '030123456'],
      [{ ...germany, outgoing: 'e164' }, '030123456', '+4930123456'],
      [{ ...germany, outgoing: 'digits' }, '030123456', '4930123456'],
      [{ ...germany, outgoing: 'international' }, '+4930123456', '004930123456'],
      [{ ...germany, outgoing: 'national' }, '+4930123456', '030123456'],
      [{ ...germany, outgoing: 'national' }, '+33123456789', '0033123456789'],
      [{ ...germany, outgoing: 'e164' }, '116117', '116117'],
      [{ ...germany, outgoing: 'e164', outgoingPrefix: '9988#' }, '030123456', '9988#+4930123456'],
      [{ outgoingPrefix: '9' }, '116117', '9116117'],
      [{ ...spain, outgoing: 'national' }, '+34912345678', '912345678'],
      [{ ...america, outgoing: 'national' }, '+12125550100', '12125550100'],
      [{ ...america, outgoing: 'national' }, '+4930123456', '0114930123456'],
    ] as const) {
      assert.equal(
        numberForTrunk(number, rules(settings)),
        expected,
        `${JSON.stringify(settings)} ${number}`,
      );
    }
    assert.equal(numberForTrunk('030123456', undefined), '030123456');
  });

  it('are read as the trunk writes them', () => {
    for (const [settings, number, expected] of [
      [{ ...germany }, '030123456', '030123456'],
      [{ ...germany, incoming: 'dialled' }, '030123456', '+4930123456'],
      [{ ...germany, incoming: 'dialled' }, '+4930123456', '+4930123456'],
      [{ ...germany, incoming: 'dialled' }, '4930123456', '4930123456'],
      [{ ...germany, incoming: 'digits' }, '4930123456', '+4930123456'],
      [{ ...germany, incoming: 'digits' }, '030123456', '+4930123456'],
      [{ ...germany, incoming: 'digits' }, '110', '110'],
      [{ ...germany, incoming: 'digits' }, '600', '600'],
      [{ ...germany, incoming: 'digits', incomingPrefix: '777' }, '7774930123456', '+4930123456'],
      [{ incomingPrefix: '777' }, '777100', '100'],
      [{ incomingPrefix: '777' }, '777', '777'],
      [{ ...germany, incoming: 'digits' }, 'anonymous', 'anonymous'],
    ] as const) {
      assert.equal(
        numberFromTrunk(number, rules(settings)),
        expected,
        `${JSON.stringify(settings)} ${number}`,
      );
    }
    assert.equal(numberFromTrunk('030123456', undefined), '030123456');
  });

  it('come back unchanged from a trunk that writes them as it wants them', () => {
    const form = fc.constantFrom('e164', 'digits', 'international', 'national');
    const full = fc
      .tuple(fc.constantFrom('1', '34', '49', '53', '7'), fc.integer({ min: 1_000_000, max: 999_999_999 }))
      .map(([code, rest]) => `+${code}${rest}`);
    fc.assert(
      fc.property(form, full, fc.constantFrom(germany, america), (outgoing, number, country) => {
        const incoming = outgoing === 'digits' ? 'digits' : 'dialled';
        const settings = rules({
          ...country,
          outgoing,
          outgoingPrefix: '99',
          incoming,
          incomingPrefix: '99',
        });
        assert.equal(numberFromTrunk(numberForTrunk(number, settings), settings), number);
      }),
    );
  });

  it('are converted only if their country is known', () => {
    assert.ok(!trunkNumbers.safeParse({ outgoing: 'e164' }).success);
    assert.ok(!trunkNumbers.safeParse({ incoming: 'digits' }).success);
    assert.ok(trunkNumbers.safeParse({}).success);
  });
});
