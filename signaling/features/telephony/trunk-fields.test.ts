import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { putTrunkRequest } from './rest.ts';

describe('what administrators may enter for a trunk', () => {
  const accepts = (body: object) => putTrunkRequest.safeParse({ uri: 'sip:pbx.example', ...body });

  it('threat 59: must be addresses and networks, or is refused by field name', () => {
    for (const address of ['192.0.2.1', '192.0.2.0/24', '2001:db8::7', '2001:db8::/32']) {
      assert.ok(accepts({ addresses: [address] }).success, address);
    }
    for (const address of ['192.0.2.0/99', '192.0.2.0/', 'pbx.example', '192.0.2.256', '', '::1/200', '*']) {
      const { error } = accepts({ addresses: ['192.0.2.1', address] });
      assert.deepEqual(error?.issues[0]?.path, ['addresses', 1], address);
      assert.match(error?.issues[0]?.message ?? '', /write an IP address or a network/);
    }
  });

  it('threat 59: must be a usable SIP URI, or is refused by field name', () => {
    for (const uri of [
      'sip:pbx.example',
      'sip:pbx.example:5070;transport=tcp',
      'sips:pbx.example',
      'sip:192.0.2.1:5060',
      'sip:[2001:db8::7]:5060;transport=udp',
      'sip:user@pbx.example;lr',
    ]) {
      assert.ok(accepts({ uri }).success, uri);
    }
    for (const uri of [
      'sip:',
      'sip:@:::',
      'sip:pbx.example:99999',
      'sip:pbx example',
      'tel:+123',
      'sip:-',
      'sip:a@',
      'pbx.example',
    ]) {
      const { error } = accepts({ uri });
      assert.deepEqual(error?.issues[0]?.path, ['uri'], uri);
    }
  });
});
