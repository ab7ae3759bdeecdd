import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../../../base/index.ts';
import { defaultPublicUrl, OwnOrigins, ownHosts } from './origins.ts';

describe('OwnOrigins', () => {
  const origins = (flags: Record<string, unknown>, port = 8443) =>
    new OwnOrigins(loadConfig({ env: {}, flags }), () => port).current();

  it('accepts loopback over HTTP and HTTPS, announced addresses over HTTPS only', () => {
    const own = origins({ 'rtc.announce': '203.0.113.7,meet.example' });
    for (const origin of [
      'http://localhost:8443',
      'https://localhost:8443',
      'http://[::1]:8443',
      'https://203.0.113.7:8443',
      'https://meet.example:8443',
    ]) {
      assert.ok(own.has(origin), origin);
    }
    assert.ok(!own.has('http://203.0.113.7:8443'));
    assert.ok(!own.has('https://203.0.113.7'));
  });

  it('accepts HTTP instead of HTTPS on its own addresses behind a proxy', () => {
    const own = origins({ 'server.tls': 'off', 'server.publicUrl': 'https://Meet.example/' });
    assert.ok(own.has('http://127.0.0.1:8443'));
    assert.ok(!own.has('https://127.0.0.1:8443'));
    assert.ok(own.has('https://meet.example'));
  });

  it('omits default ports, as browsers do', () => {
    assert.ok(origins({}, 443).has('https://localhost'));
    assert.equal(defaultPublicUrl(80), 'http://localhost');
  });

  it('lists only addresses that it listens on', () => {
    const reachable = (host: string) =>
      new OwnOrigins(
        loadConfig({ env: {}, flags: { 'server.host': host, 'rtc.announce': '203.0.113.7' } }),
        () => 8443,
      ).reachable();
    assert.ok(reachable('::').includes('https://203.0.113.7:8443'));
    assert.ok(!reachable('::').includes('https://localhost:8443'));
    assert.deepEqual(reachable('192.0.2.9'), ['https://192.0.2.9:8443', 'https://203.0.113.7:8443']);
    assert.deepEqual(reachable('127.0.0.1'), []);
  });

  it('replaces localhost in links by an address that others can open', () => {
    const forLinks = (origin: string, flags: Record<string, unknown>) =>
      new OwnOrigins(loadConfig({ env: {}, flags }), () => 8443).forLinks(origin);
    const listening = { 'server.host': '192.0.2.9' };
    for (const origin of ['http://localhost:8443', 'http://127.0.0.1:8443', 'https://[::1]:8443']) {
      assert.equal(forLinks(origin, listening), 'https://192.0.2.9:8443', origin);
      assert.equal(
        forLinks(origin, { 'server.host': '127.0.0.1' }),
        origin,
        'nobody else can connect anyway',
      );
    }
    const announced = { 'server.host': '::', 'rtc.announce': 'meet.example' };
    assert.equal(forLinks('http://localhost:8443', announced), 'https://meet.example:8443');
    assert.equal(forLinks('https://[2001:db8::7]:8443', announced), 'https://[2001:db8::7]:8443');
    const configured = { ...announced, 'server.publicUrl': 'https://meet.example' };
    assert.equal(forLinks('https://192.0.2.9:8443', configured), 'https://meet.example');
  });

  it('omits a host name that is invalid in a URL, such as an all-digit container id', () => {
    for (const name of [
      '123456789012',
      '4294967296',
      '1234567',
      'srv.01',
      'meet.2026',
      '09.09',
      'a b',
      'a/b',
      '',
    ]) {
      const hosts = ownHosts([], name);
      assert.ok(!hosts.includes(name), name);
      assert.ok(hosts.includes('localhost'));
    }
    assert.ok(ownHosts([], 'meet-1').includes('meet-1'));
  });

  it('threat 3: refuses origins that only look similar', () => {
    const own = origins({ 'server.origins': 'https://app.example' });
    assert.ok(own.has('https://app.example'));
    for (const origin of [
      'null',
      'https://app.example.evil.test',
      'http://app.example',
      'https://localhost:8444',
      'file://',
    ]) {
      assert.ok(!own.has(origin), origin);
    }
  });
});
