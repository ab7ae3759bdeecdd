import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dialPlan, type SipPhone, sipTrunk, type TelephonyConfig } from '../../contract/index.ts';
import { transferRoute } from './index.ts';

const ha1 = { md5: '', sha256: '' };
const phone = (username: string, more: Partial<SipPhone> = {}): SipPhone => ({
  username,
  ha1,
  srtp: 'off',
  keying: 'sdes',
  ice: 'off',
  ...more,
});
const trunk = (name: string, more: object = {}) => sipTrunk.parse({ name, uri: 'sip:pbx.example', ...more });

const config: TelephonyConfig = {
  realm: 'canopy',
  language: 'en',
  pins: [],
  phones: [
    phone('1001'),
    phone('1002', { displayName: 'Ann', transfers: 'outgoing' }),
    phone('1003', { transfers: 'off' }),
  ],
  trunks: [trunk('office'), trunk('trusted', { transfers: 'outgoing' })],
  dialPlan: dialPlan.parse([
    { pattern: '100', action: { type: 'room', roomId: 'team' } },
    { pattern: '200', action: { type: 'room', roomId: 'board', pin: '123456' } },
    { pattern: '300', action: { type: 'pin' } },
    { direction: 'outgoing', pattern: '0900*', action: { type: 'reject', status: 403 } },
    { direction: 'outgoing', pattern: '0*', action: { type: 'trunk', trunk: 'office', stripDigits: 1 } },
  ]),
};

/** What becomes of a transfer: the phone or number called, the room, or the status. */
function outcome(party: Parameters<typeof transferRoute>[1], target: string): string | number {
  const route = transferRoute(config, party, target);
  switch (route.type) {
    case 'room':
      return `room ${route.roomId}`;
    case 'call':
      return `${route.route.trunk ?? 'phone'} ${route.route.number} (${route.displayName})`;
    case 'refuse':
      return route.status;
  }
}

const user = (username: string) => ({ kind: 'user', username }) as const;

describe('transferRoute()', () => {
  it('threat 19: leads to phones and rooms here, and outside only for those who may', () => {
    for (const [target, internal, outgoing] of [
      ['sip:1002@anywhere.example', 'phone 1002 (Ann)', 'phone 1002 (Ann)'],
      ['sip:1001@x', 'phone 1001 (1001)', 'phone 1001 (1001)'],
      ['sip:100@x', 'room team', 'room team'],
      ['sip:200@x', 403, 403],
      ['sip:300@x', 403, 403],
      ['tel:0-30-1234', 403, 'office 301234 (301234)'],
      ['sip:%30301234;phone-context=x@provider.example', 403, 'office 301234 (301234)'],
      ['sip:09001234@x', 404, 404],
      ['sip:555@x', 404, 404],
      ['sip:x', 404, 404],
      ['sip:%00@x', 404, 404],
    ] as const) {
      assert.equal(outcome(user('1001'), target), internal, target);
      assert.equal(outcome(user('1002'), target), outgoing, target);
      assert.equal(outcome({ kind: 'trunk', trunkId: 'trusted' }, target), outgoing, target);
    }
  });

  it('threat 19: is refused for strangers, deleted phones, trunks by default, and phones that may not', () => {
    for (const party of [
      { kind: 'anonymous' } as const,
      { kind: 'trunk', trunkId: 'office' } as const,
      { kind: 'trunk', trunkId: 'gone' } as const,
      user('1003'),
      user('gone'),
    ]) {
      for (const target of ['sip:1002@x', 'sip:100@x', 'sip:0301234@x']) {
        assert.equal(outcome(party, target), 403);
      }
    }
  });

  it('reads the numbers of a trunk as it writes them, and sends numbers as it wants them', () => {
    const numbers = { countryCode: '49', outgoing: 'e164', incoming: 'dialled' };
    const converting: TelephonyConfig = {
      ...config,
      trunks: [trunk('trusted', { transfers: 'outgoing', numbers })],
      dialPlan: dialPlan.parse([
        { pattern: '+493012345', action: { type: 'room', roomId: 'team' } },
        { direction: 'outgoing', pattern: '+49*', action: { type: 'trunk', trunk: 'trusted' } },
      ]),
    };
    const party = { kind: 'trunk', trunkId: 'trusted' } as const;
    assert.deepEqual(transferRoute(converting, party, 'sip:03012345@x'), { type: 'room', roomId: 'team' });
    const route = transferRoute(converting, party, 'sip:0049305555@x');
    assert.deepEqual(route.type === 'call' && route.route.target, { trunk: 'trusted', number: '+49305555' });
  });
});
