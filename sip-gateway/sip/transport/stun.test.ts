import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bindingRequest, bindingResponse, mappedAddress, mayBeStun } from './stun.ts';

describe('STUN on the SIP port', () => {
  it('a response names the source of its request', () => {
    for (const [address, hex] of [
      ['192.0.2.33', 'c0000221'],
      ['2001:db8::1:2', '20010db8000000000000000000010002'],
      ['::1', '00000000000000000000000000000001'],
      ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
      ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
    ] as const) {
      const request = bindingRequest();
      assert.ok(mayBeStun(request));
      const response = bindingResponse(request, { address, port: 50_000 });
      assert.ok(response && mayBeStun(response));
      assert.equal(mappedAddress(response), `${hex} 50000`);
      assert.equal(bindingResponse(response, { address, port: 1 }), undefined, 'no answer to an answer');
    }
  });

  it('malformed messages are not taken for STUN, or name no address', () => {
    const request = bindingRequest();
    assert.equal(mayBeStun(request.subarray(0, 19)), false);
    assert.equal(mayBeStun(Buffer.concat([request, Buffer.alloc(4)])), false, 'another length');
    assert.equal(mayBeStun(Buffer.alloc(20)), false, 'no cookie');
    assert.equal(mappedAddress(request), undefined);
    const response = bindingResponse(request, { address: '192.0.2.1', port: 1 }) ?? request;
    for (let length = 20; length < response.length; length++) {
      assert.equal(mappedAddress(response.subarray(0, length)), undefined);
    }
  });
});
