import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../../base/index.ts';
import { ownServerUrl } from './own-server-url.ts';

describe('ownServerUrl()', () => {
  const of = (flags: Record<string, unknown>) => ownServerUrl(loadConfig({ env: {}, flags }), 8443);

  it('uses an IP address, since not every host resolves localhost', () => {
    assert.match(of({}), /^http:\/\/(127\.0\.0\.1|\[::1\]):8443$/);
    assert.match(of({ 'server.host': '0.0.0.0' }), /^http:\/\/(127\.0\.0\.1|\[::1\]):8443$/);
    assert.equal(of({ 'server.host': '::1' }), 'http://[::1]:8443');
    assert.equal(of({ 'server.host': '192.0.2.1' }), 'https://192.0.2.1:8443');
    assert.equal(of({ 'server.host': '192.0.2.1', 'server.tls': 'off' }), 'http://192.0.2.1:8443');
  });
});
