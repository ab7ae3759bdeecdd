import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type SipTrunk, sipTrunk } from '../../contract/index.ts';
import { usableTrunks } from './index.ts';

const trunk = (name: string, settings: Partial<SipTrunk> = {}) =>
  sipTrunk.parse({ name, uri: 'sip:pbx.example', ...settings });

describe('usableTrunks()', () => {
  it('threat 59: skips only invalid trunks, so that changes to others still apply', () => {
    const refused: string[] = [];
    const trunks = [
      trunk('office', { addresses: ['192.0.2.0/24', '2001:db8::/32', '198.51.100.7'] }),
      trunk('host-name', { addresses: ['pbx.example'] }),
      trunk('wide', { addresses: ['192.0.2.0/99'] }),
      trunk('everybody', { addresses: ['192.0.2.0/'] }),
      trunk('no-uri', { uri: 'sip:@:::' }),
      trunk('no-uri-with-password', { uri: 'sip:@:::', username: 'u', password: 'p' }),
      trunk('provider', { username: 'u', password: 'p' }),
    ];
    const usable = usableTrunks({ trunks }, ({ name }) => refused.push(name));
    assert.deepEqual(
      usable.map(({ options }) => options.id),
      ['office', 'provider'],
    );
    assert.deepEqual(refused, ['host-name', 'wide', 'everybody', 'no-uri', 'no-uri-with-password']);
  });
});
