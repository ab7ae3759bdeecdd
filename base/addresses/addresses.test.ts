import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressBytes, isLoopback, isUnspecified, networkOf, urlHost } from './addresses.ts';

test('isUnspecified() recognises only the unspecified addresses', () => {
  for (const address of ['0.0.0.0', '::']) {
    assert.equal(isUnspecified(address), true, address);
  }
  for (const address of ['127.0.0.1', '::1', '10.0.0.0', '']) {
    assert.equal(isUnspecified(address), false, address);
  }
});

test('isLoopback() recognises only loopback addresses, not names that start alike', () => {
  for (const address of ['127.0.0.1', '127.255.0.9', '::ffff:127.0.0.1', '::1']) {
    assert.equal(isLoopback(address), true, address);
  }
  for (const address of ['128.0.0.1', '1.127.0.0', '::', '::12', '::ffff:10.0.0.1', '127.evil.example', '']) {
    assert.equal(isLoopback(address), false, address);
  }
});

test('urlHost() puts only IPv6 addresses in brackets', () => {
  assert.equal(urlHost('2001:db8::1'), '[2001:db8::1]');
  assert.equal(urlHost('192.0.2.1'), '192.0.2.1');
  assert.equal(urlHost('example.org'), 'example.org');
});

test('threat 63: networkOf() treats all addresses of an IPv6 /64 as one network, however they are written', () => {
  const same = ['2001:db8:0:7::1', '2001:0DB8::7:ffff:0:0:2', '2001:db8:0:7:a:b:c:d', '2001:db8:0:7::%eth0'];
  assert.deepEqual(new Set(same.map(networkOf)), new Set(['2001:db8:0:7::/64']));
  assert.notEqual(networkOf('2001:db8:0:8::1'), networkOf('2001:db8:0:7::1'));
  for (const mapped of ['::ffff:192.0.2.1', '::FFFF:c000:201', '192.0.2.1']) {
    assert.equal(networkOf(mapped), '192.0.2.1');
  }
  assert.equal(networkOf('unknown'), 'unknown');
});

test('addressBytes() reads every spelling of an address', () => {
  for (const [address, hex] of [
    ['192.0.2.33', 'c0000221'],
    ['2001:db8::1:2%eth0', '20010db8000000000000000000010002'],
    ['::1', '00000000000000000000000000000001'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
  ] as const) {
    assert.equal(Buffer.from(addressBytes(address)).toString('hex'), hex, address);
  }
});
