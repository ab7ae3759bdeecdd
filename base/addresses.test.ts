import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback, isUnspecified, sourceNetwork, urlHost } from './addresses.ts';

test('the unspecified addresses are told from all others', () => {
  for (const address of ['0.0.0.0', '::']) assert.equal(isUnspecified(address), true, address);
  for (const address of ['127.0.0.1', '::1', '10.0.0.0', ''])
    assert.equal(isUnspecified(address), false, address);
});

test('addresses of loopback are told from those of others, and from names that begin alike', () => {
  for (const address of ['127.0.0.1', '127.255.0.9', '::ffff:127.0.0.1', '::1']) {
    assert.equal(isLoopback(address), true, address);
  }
  for (const address of ['128.0.0.1', '1.127.0.0', '::', '::12', '::ffff:10.0.0.1', '127.evil.example', '']) {
    assert.equal(isLoopback(address), false, address);
  }
});

test('only addresses of IPv6 stand in brackets', () => {
  assert.equal(urlHost('2001:db8::1'), '[2001:db8::1]');
  assert.equal(urlHost('192.0.2.1'), '192.0.2.1');
  assert.equal(urlHost('example.org'), 'example.org');
});

test('a source is an address of IPv4, or the /64 of an address of IPv6 however that is written', () => {
  assert.equal(sourceNetwork('192.0.2.1'), '192.0.2.1');
  assert.equal(sourceNetwork('::ffff:192.0.2.1'), '192.0.2.1');
  for (const [address, network] of [
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:0DB8:0:0:ffff::', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
  ] as const) {
    assert.equal(sourceNetwork(address), network, address);
  }
  assert.equal(sourceNetwork('example.org'), 'example.org');
});
