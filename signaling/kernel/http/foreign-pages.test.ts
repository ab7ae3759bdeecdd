import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fastify from 'fastify';
import { admitForeignPages } from './foreign-pages.ts';

describe('threat 3: the API and pages of other origins', () => {
  const app = fastify();
  admitForeignPages(app, () => new Set(['https://shop.example']));
  app.post('/api/enrol', () => ({}));
  app.post('/api/invites', () => ({}));

  const permitted = async (method: 'OPTIONS' | 'POST', url: string, origin: string) => {
    const { headers } = await app.inject({ method, url, headers: { origin } });
    return headers['access-control-allow-origin'];
  };

  it('an allowed page may enrol, after a CORS preflight', async () => {
    const asked = await app.inject({
      method: 'OPTIONS',
      url: '/api/enrol',
      headers: {
        origin: 'https://shop.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    });
    assert.equal(asked.statusCode, 204);
    assert.equal(asked.headers['access-control-allow-origin'], 'https://shop.example');
    assert.equal(asked.headers['access-control-allow-headers'], 'content-type');
    assert.equal(await permitted('POST', '/api/enrol', 'https://shop.example'), 'https://shop.example');
  });

  it('other pages may not, and no page may use routes that need the API key', async () => {
    assert.equal(await permitted('OPTIONS', '/api/enrol', 'https://evil.example'), undefined);
    assert.equal(await permitted('POST', '/api/enrol', 'https://evil.example'), undefined);
    assert.equal(await permitted('OPTIONS', '/api/invites', 'https://shop.example'), undefined);
    assert.equal(await permitted('POST', '/api/invites', 'https://shop.example'), undefined);
  });
});
