import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clientAddress, networkOf } from './index.ts';

const PROXY = '10.0.0.1';

function addressOf(header: string | string[] | undefined, proxies: number): string {
  return clientAddress({ headers: { 'x-forwarded-for': header }, socket: { remoteAddress: PROXY } }, proxies);
}

describe('threat 25: the address of a client behind proxies', () => {
  it('is that of the connection if no proxy is trusted, whatever the header says', () => {
    for (const header of [undefined, '198.51.100.7', ['198.51.100.7', '198.51.100.8'], '']) {
      assert.equal(addressOf(header, 0), PROXY);
    }
  });

  it('is what the trusted proxy appended, not what the client wrote before it', () => {
    assert.equal(addressOf('192.0.2.1', 1), '192.0.2.1');
    assert.equal(addressOf('198.51.100.7, 192.0.2.1', 1), '192.0.2.1');
    assert.equal(addressOf('127.0.0.1, ::1,198.51.100.7 ,  192.0.2.1 ', 1), '192.0.2.1');
    assert.equal(addressOf(['198.51.100.7', '198.51.100.8, 192.0.2.1'], 1), '192.0.2.1');
  });

  it('is counted from the right by the number of proxies', () => {
    const header = '198.51.100.7, 192.0.2.1, 203.0.113.5';
    assert.equal(addressOf(header, 2), '192.0.2.1');
    assert.equal(addressOf(header, 3), '198.51.100.7');
    // The client bypassed the outer proxy.
    assert.equal(addressOf('192.0.2.1', 2), '192.0.2.1');
  });

  it('is parsed with a port, in brackets and as an IPv4-mapped IPv6 address', () => {
    assert.equal(addressOf('192.0.2.1:50123', 1), '192.0.2.1');
    for (const entry of ['2001:db8::1', '[2001:db8::1]', '[2001:db8::1]:50123']) {
      assert.equal(addressOf(entry, 1), '2001:db8::1');
    }
    for (const entry of ['::ffff:192.0.2.1', '[::ffff:192.0.2.1]:50123', '192.0.2.1:1']) {
      assert.equal(addressOf(entry, 1), '192.0.2.1');
      assert.equal(networkOf(entry.startsWith('::') ? entry : addressOf(entry, 1)), '192.0.2.1');
    }
  });

  it('is that of the proxy if the header contains none', () => {
    for (const header of [
      undefined,
      '',
      'unknown',
      '192.0.2.1,',
      '_hidden',
      '192.0.2.999',
      '[::1',
      '1:2:3',
    ]) {
      assert.equal(addressOf(header, 1), PROXY, header);
    }
  });
});
